"""A page of plain sections: sentences, tables, pictures and charts."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata

import jinja2

from diffeo.report import cards, figures, images
from diffeo.report.section import Section

__all__ = ["render_sections", "template"]


def render_sections(
    title: str,
    lead: Sequence[str],
    facts: Mapping[str, str],
    sections: Sequence[Section],
) -> str:
    """Return a page as text: one file that needs no network.

    Args:
        title: The headline.
        lead: What to know first, in sentences.
        facts: Short texts by name, below them.
        sections: The parts of the page, in order.

    Example:
        >>> page = render_sections("<b>", ["Fine."], {}, [Section("Samples")])
        >>> "&lt;b&gt;" in page, "<h2>Samples</h2>" in page
        (True, True)
    """

    parts = {"lead": lead, "facts": facts, "sections": sections}

    return template("sections.html").render(title=title, **parts)


@cache
def template(name: str) -> jinja2.Template:
    """Return a template of this package; what it is given is escaped.

    It knows the modules that draw, and the package's version.

    Args:
        name: Name of its file.

    Example:
        >>> template("page.html").name
        'page.html'
    """

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.PackageLoader("diffeo", "report"),
        trim_blocks=True,
        lstrip_blocks=True,
    )

    environment.globals.update(
        cards=cards, figures=figures, images=images, version=metadata.version("diffeo")
    )

    return environment.get_template(name)
