"""Figures and numbers of the results on the pages of the site."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

__all__ = ["on_files", "on_page_markdown"]

ROOT = Path(__file__).parents[2]
KEY = re.compile(r"<!-- [\w./-]+ -->(?=-?\d)")  # the result that a number is of


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the figures of the results, which lie outside the folder of the pages."""

    for path in sorted((ROOT / "results").rglob("*.png")):
        name = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, name, abs_src_path=str(path)))

    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Link to the figures where the site has them; leave out the names of results."""

    return KEY.sub("", markdown).replace("](../results/", "](results/")
