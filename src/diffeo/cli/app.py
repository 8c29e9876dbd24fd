"""The commands, and how they end."""

import faulthandler
import sys
import warnings
from contextlib import suppress
from importlib import metadata
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from diffeo.cli.audit import audit_command
from diffeo.cli.check import check_command
from diffeo.cli.command import add_command
from diffeo.cli.demo import demo_command
from diffeo.cli.errors import tell
from diffeo.cli.evaluate import evaluate_command
from diffeo.cli.explain import explain_command
from diffeo.cli.fit import fit_command
from diffeo.cli.report import report_command
from diffeo.cli.spectrum import spectrum_command
from diffeo.cli.train import train_command
from diffeo.interrupts import terminable

__all__ = ["app"]

DEBUG = "--debug"


class _Commands(TyperGroup):
    """Commands that tell what goes wrong in a sentence, and end with an exit code.

    That is 0 if all went well, 1 for an error of the package, 2 for a wrong input, and
    128 plus the signal's number if interrupted.
    """

    debug = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Take --debug from wherever it stands; show the help if there are no words."""

        self.debug = DEBUG in args
        words = [word for word in args if word != DEBUG]

        return super().parse_args(ctx, words or ["--help"])

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401
        """Run a command that may be interrupted."""

        with terminable() as exit_code:
            try:
                return super().invoke(ctx)
            except BaseException as error:
                if exit_code() is None and not isinstance(error, KeyboardInterrupt):
                    raise

                # an interrupt may have become another error on its way
                typer.echo("Interrupted.", err=True)

                raise typer.Exit(exit_code() or 130) from None

    def main(self, *args: Any, **settings: Any) -> NoReturn:  # noqa: ANN401
        """Run the command that the words name, and exit."""

        with suppress(AttributeError):  # what a terminal cannot show is escaped
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

        with warnings.catch_warnings():
            warnings.showwarning = _show_warning

            try:
                code = super().main(*args, **{**settings, "standalone_mode": False})
            except Exception as error:  # noqa: BLE001 - told, or shown with --debug
                code = tell(error, debug=self.debug)

        sys.exit(code if isinstance(code, int) else 0)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_warning(message: object, *_: object, **__: object) -> None:
    typer.echo(f"Warning: {message}", err=True)


def _show_version(wanted: bool) -> bool:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"diffeo {metadata.version('diffeo')}")

        raise typer.Exit

    return wanted


@app.callback()
def main(
    *,
    version: Annotated[  # noqa: ARG001 - eager: its callback exits
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
    debug: Annotated[  # noqa: ARG001 - taken before the words are read
        bool, typer.Option(DEBUG, help="Show the traceback of any error.")
    ] = False,
) -> None:
    """Diffeomorphic counterfactuals.

    For any differentiable model and any generative model: what would have to change in
    an input, realistically, for the model to answer differently?
    """

    with suppress(OSError):  # where stderr is no file
        faulthandler.enable()


for function in (
    demo_command,
    fit_command,
    explain_command,
    audit_command,
    evaluate_command,
    report_command,
    check_command,
    spectrum_command,
    train_command,
):
    add_command(app, function)
