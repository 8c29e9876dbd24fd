"""The command line: parse, call, print."""

from diffeo.cli.app import app

__all__ = ["app"]
