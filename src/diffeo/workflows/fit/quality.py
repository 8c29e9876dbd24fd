"""How good a fitted generative model is, for people who want to use it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from diffeo.extras import require
from diffeo.files import write_text
from diffeo.report.section import Section

__all__ = ["Answer", "Quality", "write_quality"]

GOOD = "Good by all that is measured here; look at the samples nevertheless."


@dataclass(frozen=True)
class Answer:
    """What is found of a generative model.

    Args:
        question: What a user would ask.
        found: The figure.
        well: Whether that is well.
        needed: When it would be.
        otherwise: What to make of a model of which it is not.

    Example:
        >>> print(Answer("Is it exact?", "error 1e-6", True, "at most 1e-3", "No use."))
        Is it exact? Yes: error 1e-6
    """

    question: str
    found: str
    well: bool
    needed: str
    otherwise: str

    def __str__(self) -> str:
        """Return question and answer on a line."""

        return f"{self.question} {'Yes' if self.well else 'NO'}: {self.found}"


@dataclass(frozen=True, eq=False)
class Quality:
    """What was measured of a generative model.

    Args:
        model: What it is called in sentences.
        answers: What is found, question by question: what matters most comes first.
        sections: Returns what there is to look at, which takes the packages of a
            report.
        course: A figure of held-out data after each pass of the training.
        figure: What that figure is.

    Example:
        >>> exact = Answer("Exact?", "error 0.3", False, "at most 1e-3", "No use.")
        >>> Quality("Glow", [exact], list).verdict
        'No use.'
    """

    model: str
    answers: Sequence[Answer]
    sections: Callable[[], list[Section]]
    course: Sequence[float] = ()
    figure: str = ""

    @property
    def verdict(self) -> str:
        """What to make of the model, in a few words."""

        wrong = (each.otherwise for each in self.answers if not each.well)

        return next(wrong, GOOD)


def write_quality(quality: Quality, facts: dict[str, str], page: Path) -> None:
    """Write the page of a model's quality, complete or not at all.

    Args:
        quality: What was measured.
        facts: What to know of the training, by name.
        page: The HTML file.

    Raises:
        ModuleNotFoundError: If packages for the page are not installed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     page = Path(folder, "flow.html")
        ...     write_quality(Quality("Glow", [], list), {"data": "noise"}, page)
        ...     "How good is this Glow?" in page.read_text()
        True
    """

    require("jinja2", "matplotlib", extra="report")

    from diffeo.report.figures import course
    from diffeo.report.sections import render_sections

    rows = [
        (each.question, each.found, "yes" if each.well else "NO", each.needed)
        for each in quality.answers
    ]
    head = "question", "found", "well?", "it is if"
    sections = [Section("What was measured", table=[head, *rows]), *quality.sections()]

    if len(quality.course) > 1:
        drawn = course(quality.course, f"{quality.figure}, held-out")
        sections.append(Section("Training", charts=[drawn]))

    title = f"How good is this {quality.model}?"
    write_text(page, render_sections(title, [quality.verdict], facts, sections))
