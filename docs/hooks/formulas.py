"""Formulas as MathML, which browsers show without a script."""

import re

import latex2mathml.converter

__all__ = ["on_page_content"]

FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>',
    re.DOTALL,
)


def on_page_content(html: str, **_: object) -> str:
    """Convert what the extension arithmatex has found."""

    return FORMULA.sub(_convert, html)


def _convert(found: re.Match[str]) -> str:
    kind = "inline" if found["tag"] == "span" else "block"

    return str(latex2mathml.converter.convert(found["latex"], display=kind))
