"""Where an audit finds the change, if a patch in a corner is all that decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from diffeo import zoo
from diffeo.data.images import ImageFiles
from diffeo.evaluation.cache import Cache
from diffeo.evaluation.oracle_training import trained_classifier
from diffeo.models.flow.flow import Flow
from diffeo.objectives import TargetClass
from diffeo.report.images import signed_difference, write_png
from diffeo.search import Run
from diffeo.shapes import Images
from diffeo.workflows.audit.audit import audit_to_folder
from diffeo.workflows.audit.changes import grid_regions, region_shares
from diffeo.workflows.audit.directions import AuditOptions
from diffeo.workflows.audit.explained import Explained
from diffeo.workflows.audit.images import AuditedImages
from diffeo.workflows.explain.images import ImagesToExplain
from diffeo.workflows.explain.options import ExplainOptions
from diffeo.workflows.train.flow import flow_recipe
from reproduction.experiment import Drawing, Experiment, ExperimentOptions, Findings
from reproduction.truth.digits import CORNER, IN_CORNER, PATCH
from reproduction.truth.models import QUICK, Trainings, misled, trained_flow
from reproduction.truth.task import SIDE

__all__ = ["TRUTH_AUDIT", "of_changes", "places"]

CLASSES = "a dark patch", "a bright patch"
PATCH_CELL = "row 1, column 1 of 4×4 cells"  # of the grid, which holds the patch
FORMS = ("", 0.99), ("90_", 0.8)  # the second classifier can hardly be surer than 0.9
ENLARGED = 6  # times, in the figure


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Args:
        trainings: How long models are trained.
        images: Test images among which the audit takes its samples.
        sample: Images in each direction.
        steps: Most steps of an image.
    """

    trainings: Trainings
    images: int
    sample: int
    steps: int


FULL = Effort(Trainings(), images=1000, sample=50, steps=300)
FAST = Effort(QUICK, images=40, sample=2, steps=2)


def measure_truth_audit(options: ExperimentOptions) -> Findings:
    """Audit classifiers of the patch, as `diffeo audit --regions` does.

    Args:
        options: Where the data are, and whether to be quick.
    """

    effort = FAST if options.quick else FULL
    how = effort.trainings
    train = PATCH.images("train", options.data, how.images)
    images = PATCH.images("test", options.data, effort.images).images
    flow = trained_flow(train.images, how.epochs)
    results = {f"patch_audit_{name}_area": _share(at) for name, at in places().items()}
    drawings = {}

    for (prefix, confidence), data in zip(FORMS, (train, misled(train)), strict=True):
        model = trained_classifier(data, how.classifier, Cache.usual())
        findings = _audited(images, model, flow, confidence, effort)
        found = _results(findings)
        results |= {f"patch_{prefix}audit_{key}": found[key] for key in found}
        picture = torch.cat([_mean_change(each) for each in findings], dim=-1)
        drawings[f"patch_{prefix}audit.png"] = _written(picture)

    return Findings(results, drawings)


def places() -> dict[str, Tensor]:
    """Return masks that no two pixels share and none lacks: the patch, and others."""

    edge = torch.zeros(SIDE, dtype=torch.bool)
    edge[:CORNER] = True
    top, bottom = edge, edge.flip(0)
    inner = ~(top | bottom)
    masks = {
        "patch": IN_CORNER,
        "upper_right": top[:, None] & bottom,
        "lower_left": bottom[:, None] & top,
        "lower_right": bottom[:, None] & bottom,
        "middle": inner[:, None] & inner,
    }

    return masks | {"edges": ~torch.stack(list(masks.values())).any(0)}


def _audited(
    images: Images, model: nn.Module, flow: Flow, confidence: float, effort: Effort
) -> list[Explained]:
    """Return what an audit finds in each direction."""

    recipe = flow_recipe((1, SIDE, SIDE), "small")

    with TemporaryDirectory() as text:
        weights = Path(text, "flow.safetensors")
        zoo.save(flow, zoo.Card(recipe, "patches", "none", "none", {}), weights)
        search = ExplainOptions(
            "patches",
            "classifier",
            str(weights),
            model,
            TargetClass("other", confidence),
            run=Run(steps=effort.steps),
            classes=CLASSES,
        )
        asked = AuditOptions(search, effort.sample, confidence=confidence)
        findings, _ = audit_to_folder(
            AuditedImages(ImagesToExplain(ImageFiles(images, ())), places()),
            asked,
            Path(text, "audit"),
            tell=lambda _: None,
        )

    return findings


def _results(findings: Sequence[Explained]) -> dict[str, float]:
    """Return means over the directions, of the images that reached the other class."""

    rows = [
        {
            "reached": each.told["reached"] / each.told["rows"],
            **of_changes(_changes(each)),
        }
        for each in findings
    ]

    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def of_changes(changes: Tensor) -> dict[str, float]:
    """Return where the change is, and whether most is in the patch, or in its cell."""

    shares = region_shares(changes, places())
    cells = region_shares(changes, grid_regions(SIDE, SIDE))
    found = {f"{name}_share": share for name, (share, _) in shares.items()}

    return {
        "largest_is_patch": float(next(iter(shares)) == "patch"),
        "largest_cell_is_patch": float(next(iter(cells)) == PATCH_CELL),
        "patch_cell_share": cells[PATCH_CELL][0],
        **dict(sorted(found.items())),
    }


def _changes(finding: Explained) -> Tensor:
    found = finding.found

    return found.counterfactual - found.factual


def _mean_change(finding: Explained) -> Tensor:
    """Return the mean change in colors, full where it is greatest."""

    mean = _changes(finding).mean(0)
    greatest = mean.abs().max().clamp(min=1e-6).item()
    colored = signed_difference(torch.zeros_like(mean), mean, greatest)

    return colored.repeat_interleave(ENLARGED, -2).repeat_interleave(ENLARGED, -1)


def _written(picture: Tensor) -> Drawing:
    return lambda path: write_png(picture, path)


def _share(mask: Tensor) -> float:
    return mask.double().mean().item()


TRUTH_AUDIT = Experiment(
    "truth-audit",
    "Where the cue is a patch: is it the largest region of change of an audit?",
    measure_truth_audit,
    {"patch_audit_largest_is_patch": "1", "patch_audit_largest_cell_is_patch": "1"},
    "goal",
)
