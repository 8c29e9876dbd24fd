"""The table of what `from diffeo import ...` gives, with links to the reference."""

import inspect

import diffeo

__all__ = ["on_page_markdown"]

MARK = "<!-- names -->"


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the table where the page asks for it."""

    if MARK not in markdown:
        return markdown

    rows = [_row(name, getattr(diffeo, name)) for name in diffeo.__all__]
    table = "\n".join(["| name | what it is |", "| --- | --- |", *rows])

    return markdown.replace(MARK, table)


def _row(name: str, value: object) -> str:
    about = inspect.cleandoc(value.__doc__ or "").splitlines()[0]
    place = (
        f"({name}.md)" if inspect.ismodule(value) else f"[{value.__module__}.{name}]"
    )

    return f"| [`{name}`]{place} | {about} |"
