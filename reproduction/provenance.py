"""Which code wrote results."""

import subprocess
from importlib import metadata
from pathlib import Path

__all__ = ["ROOT", "provenance"]

ROOT = Path(__file__).parents[1]


def provenance(*folders: str) -> dict[str, str]:
    """Return the version of the code, its commit and the commit's date.

    Args:
        folders: Where the code lies; the commit is marked if it was changed since.
    """

    changed = _git("status", "--porcelain", "--", *folders)

    return {
        "version": metadata.version("diffeo"),
        "commit": _git("rev-parse", "HEAD") + ("-changed" if changed else ""),
        "date": _git("log", "-1", "--format=%cI"),
    }


def _git(*words: str) -> str:
    try:
        found = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"

    return found.stdout.strip()
