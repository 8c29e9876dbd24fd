"""One self-contained page that shows counterfactuals to people."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import jinja2
import torch

from diffeo.counterfactuals import Counterfactuals, Outcome
from diffeo.objectives import confidence_of
from diffeo.report.images import data_uri, difference

__all__ = ["Story", "write_page"]


@dataclass(frozen=True)
class Story:
    """What was asked, in words.

    Args:
        title: The page's headline.
        question: One sentence under it.
        model: What was explained.
        confidence: Probability that the target had to exceed.
        names: What the classes are called, in order.
    """

    title: str
    question: str
    model: str
    confidence: float
    names: tuple[str, ...]


def write_page(
    story: Story,
    records: Mapping[str, Counterfactuals],
    figures: Mapping[str, str],
    path: Path,
) -> None:
    """Write the page: summary, gallery, figures, settings.

    Args:
        story: What was asked.
        records: Of the same factuals, by the name of their method.
        figures: SVG figures by caption.
        path: The HTML file.
    """

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    source = (resources.files("diffeo.report") / "page.html").read_text("utf-8")
    first = next(iter(records.values()))
    page = environment.from_string(source).render(
        story=story,
        methods=[_method(name, record) for name, record in records.items()],
        rows=[_row(story, records, row) for row in range(len(first))],
        doubtful=int((~first.typical).sum()),
        figures=figures,
    )
    path.write_text(page, encoding="utf-8")


def _method(name: str, record: Counterfactuals) -> dict[str, object]:
    reached = record.reached
    steps = record.steps[reached].double()

    return {
        "name": name,
        "rows": len(record),
        "reached": int(reached.sum()),
        "counts": [
            f"{count} {outcome.meaning}" for outcome, count in record.counts().items()
        ],
        "steps": "–" if len(steps) == 0 else f"{steps.median().item():.0f}",
        "seconds": f"{record.seconds.sum().item():.1f}",
        "settings": record.settings,
    }


def _row(
    story: Story, records: Mapping[str, Counterfactuals], row: int
) -> dict[str, object]:
    first = next(iter(records.values()))
    answer = first.outputs_before[row : row + 1].argmax(1)
    certain = confidence_of(first.outputs_before[row : row + 1], answer)

    return {
        "number": row,
        "factual": data_uri(first.factual[row]),
        "answer": story.names[int(answer)],
        "certain": f"{certain.item():.4f}",
        "typical": bool(first.typical[row]),
        "methods": [_cell(story, record, row) for record in records.values()],
    }


def _cell(story: Story, record: Counterfactuals, row: int) -> dict[str, object]:
    target = record.target[row : row + 1].long()
    before, after = (
        confidence_of(outputs[row : row + 1], target).item()
        for outputs in (record.outputs_before, record.outputs_after)
    )
    change = record.counterfactual[row] - record.factual[row]

    return {
        "reconstruction": data_uri(record.reconstruction[row]),
        "counterfactual": data_uri(record.counterfactual[row]),
        "difference": data_uri(
            difference(record.factual[row], record.counterfactual[row])
        ),
        "target": story.names[int(target)],
        "before": f"{before:.2g}",
        "after": f"{after:.4f}",
        "steps": int(record.steps[row]),
        "distance": f"{torch.linalg.vector_norm(change).item():.2f}",
        "reached": bool(record.reached[row]),
        "outcome": Outcome(int(record.outcome[row])).meaning,
    }
