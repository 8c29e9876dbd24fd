"""Commands run in this process."""

from typing import NamedTuple

from typer.testing import CliRunner

from diffeo.cli import app


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def run(*words: object) -> Ended:
    """Run the command that some words name, wherever the terminal is wide."""

    result = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, [str(word) for word in words]
    )

    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception

    return Ended(result.exit_code, result.stdout, result.stderr)


def flags(**options: object) -> list[str]:
    """Return options as words; `None` leaves one out, `True` has no value."""

    return [
        str(word)
        for name, value in options.items()
        if value is not None
        for word in (
            f"--{name.replace('_', '-')}",
            *(() if value is True else (value,)),
        )
    ]
