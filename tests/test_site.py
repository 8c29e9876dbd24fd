"""The site shows all pages, and its reference all that is public."""

import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import diffeo

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CONFIG = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
PACKAGES = [
    found.name
    for found in pkgutil.iter_modules(diffeo.__path__)
    if found.ispkg and found.name != "cli"  # whose page is of its commands
]


def places(nav: Any) -> Iterator[str]:  # noqa: ANN401 - lists in lists
    if isinstance(nav, str):
        yield nav

        return

    for each in nav.values() if isinstance(nav, dict) else nav:
        yield from places(each)


def test_the_navigation_names_every_page_once() -> None:
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]

    assert sorted(places(CONFIG["nav"])) == sorted(pages)


def test_what_the_site_is_built_with_exists() -> None:
    hooks = [*CONFIG["hooks"], *(f"docs/{style}" for style in CONFIG["extra_css"])]

    assert [name for name in hooks if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", PACKAGES)
def test_the_reference_has_a_page_for_each_package(name: str) -> None:
    assert f"::: diffeo.{name}\n" in (DOCS / f"reference/{name}.md").read_text()


@pytest.mark.parametrize("name", sorted({*diffeo.__all__} - {"zoo"}))
def test_the_reference_describes_each_public_name(name: str) -> None:
    _, part, *_ = getattr(diffeo, name).__module__.split(".")
    page = (DOCS / "reference/diffeo.md").read_text()

    assert part in PACKAGES or f"::: diffeo.{part}\n" in page
