"""`python -m diffeo`: the command line."""

from diffeo.cli import app

if __name__ == "__main__":
    app(prog_name="diffeo")
