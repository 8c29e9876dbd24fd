"""Results tell which code wrote them; those older than the search are listed."""

import json
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from reproduction.__main__ import EXPERIMENTS
from reproduction.provenance import ROOT

NAMES = [each.name for each in EXPERIMENTS if (ROOT / "results" / each.name).is_dir()]


def provenance(name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(
        (ROOT / "results" / name / "provenance.json").read_text()
    )

    return found


def changed(path: str) -> str:
    """When the last change of a path was committed; empty where git cannot tell."""

    command = ["git", "log", "-1", "--format=%cI", "--", path]

    try:
        found = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""

    return found.stdout.strip()


def is_older(date: str, change: str) -> bool:
    return datetime.fromisoformat(date) < datetime.fromisoformat(change)


@pytest.mark.parametrize("name", NAMES)
def test_results_tell_version_commit_and_date_of_the_code(name: str) -> None:
    found = provenance(name)

    assert found.keys() == {"version", "commit", "date", "quick"}
    assert not found["quick"]
    assert all(found[key] for key in ("version", "commit"))
    assert datetime.fromisoformat(found["date"]).tzinfo is not None


@pytest.mark.parametrize("name", NAMES)
def test_results_are_of_the_present_search_or_listed(name: str) -> None:
    """A skip, not a failure: old results are true of the code that they name."""

    date, change = provenance(name)["date"], changed("src/diffeo/search")

    if not change:
        pytest.skip("git cannot tell when the search was changed")

    if is_older(date, change):
        pytest.skip(
            f"results/{name} is of {date}, older than the search, of {change}; run "
            f"python -m reproduction {name} again"
        )


def test_the_older_of_two_dates_is_told_across_time_zones() -> None:
    assert is_older("2026-11-26T01:00:00+02:00", "2026-11-26T00:00:00+00:00")
    assert not is_older("2026-11-26T00:00:00+00:00", "2026-11-26T00:00:00+00:00")
    assert not is_older("2026-11-26T00:30:00+00:00", "2026-11-26T01:00:00+01:00")


def test_what_git_does_not_know_has_no_date(tmp_path: Path) -> None:
    assert changed(str(tmp_path)) == ""
    assert changed("src/diffeo/no-such-folder") == ""
