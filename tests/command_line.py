"""Commands run in this process."""

from typing import NamedTuple

from typer.main import get_command
from typer.testing import CliRunner

from diffeo.cli import app

COMMAND = get_command(app)  # built once: that takes longer than most that is refused


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def run(*words: object) -> Ended:
    """Run the command that some words name, wherever the terminal is wide."""

    code: object = 0

    with CliRunner(env={"COLUMNS": "200"}).isolation() as (stdout, stderr, _):
        try:
            COMMAND.main(list(map(str, words)), prog_name="diffeo")
        except SystemExit as end:
            code = end.code

        told = [stream.getvalue().decode() for stream in (stdout, stderr)]

    assert isinstance(code, int)

    return Ended(code, *told)


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
