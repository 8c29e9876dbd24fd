"""The commands, and how their misuse is told."""

import typer
from typer.core import TyperGroup

from diffeo.cli.demo import demo
from diffeo.cli.evaluate import evaluate
from diffeo.cli.explain import explain
from diffeo.cli.report import report
from diffeo.cli.spectrum import spectrum

__all__ = ["app"]


class _Commands(TyperGroup):
    """Commands whose misuse is told in a sentence, with exit code 2."""

    def invoke(self, ctx: object) -> object:
        try:
            return super().invoke(ctx)  # type: ignore[arg-type]
        except (ValueError, OSError, ModuleNotFoundError) as error:
            typer.echo(f"Error: {error}", err=True)

            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def main() -> None:
    """Diffeomorphic counterfactuals.

    For any differentiable model and any generative model: what would have to change in
    an input, realistically, for the model to answer differently?
    """


for command in (
    demo,
    explain,
    evaluate,
    report,
    spectrum,
):
    app.command()(command)
