"""The templates of pages."""

import jinja2

__all__ = ["template"]


def template(name: str) -> jinja2.Template:
    """Return a template of this package; what it is given is escaped.

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

    return environment.get_template(name)
