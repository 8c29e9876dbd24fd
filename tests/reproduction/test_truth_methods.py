"""The methods that are scored where the cue is known, and how they are compared."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffeo.counterfactuals import Counterfactuals
from diffeo.methods import (
    GradientMethod,
    PrototypeObjective,
    adversarial,
    diffeomorphic,
    prototypes,
    revise,
)
from diffeo.objectives import TargetClass
from diffeo.search import Run
from laws import images, tiny_classifier, tiny_flow
from reproduction.truth.leads import leads
from reproduction.truth.methods import AGREED, Explained, agreeing

GOAL = TargetClass(1, 0.9)
FEW = Run(steps=2, retries=0, closest_steps=1, line_search_steps=1)


@pytest.fixture
def single() -> dict[str, GradientMethod]:
    """Methods that ask one classifier alone; what they search is 4×4 images."""

    known = tiny_flow().encode(images(20, seed=2))
    fitted = PrototypeObjective(known, torch.arange(20) % 2, lambda x: 0.9 * x)

    return {
        "closest": diffeomorphic(),
        "adversarial": adversarial(),
        "revise": revise(0.3),
        "prototypes": prototypes(fitted),
    }


def scored(
    method: GradientMethod, moved: float = 0.1
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and margins of images that have changed a little."""

    x = images(5)
    problem = method.problem(x, tiny_classifier(2), tiny_flow(), GOAL)
    z = problem.coordinates.encode(x)
    rows = problem.begin(x, z, None)
    point = problem.evaluate(z + moved, rows)

    return problem.score(point, rows), problem.margin(point, rows)


@pytest.mark.parametrize("name", AGREED)
def test_copies_of_the_classifier_cost_no_price_more(
    name: str, single: dict[str, GradientMethod]
) -> None:
    found = agreeing(single, [tiny_classifier(2), tiny_classifier(2)])[name]
    alone = single[AGREED[name]]

    torch.testing.assert_close(scored(found), scored(alone))
    assert found.in_data_space == alone.in_data_space
    assert found.ascent == alone.ascent


@pytest.mark.parametrize("name", AGREED)
def test_no_row_arrives_that_a_further_classifier_refuses(
    name: str, single: dict[str, GradientMethod]
) -> None:
    def refusing(x: torch.Tensor) -> torch.Tensor:
        return x.new_tensor([9.0, -9.0]).expand(len(x), 2)

    margin = scored(agreeing(single, [tiny_classifier(2), refusing])[name])[1]

    assert (margin < -18).all()


def test_a_search_is_made_once_and_again_for_what_differs(
    single: dict[str, GradientMethod], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    search = GradientMethod.explain

    def explain(self: GradientMethod, *parts: object) -> Counterfactuals:
        asked.append(0)

        return search(self, *parts)  # type: ignore[arg-type]

    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path))
    monkeypatch.setattr(GradientMethod, "explain", explain)
    x, model, other = images(2), tiny_classifier(2), tiny_classifier(2, seed=4)
    methods = single | agreeing(single, [other])
    explained = Explained(model, tiny_flow(), methods, FEW)
    first, again = (explained.explain("revise", x, 1, 0.9) for _ in range(2))

    assert len(asked) == 1
    assert torch.equal(first.counterfactual, again.counterfactual)

    dearer = replace(explained, methods=methods | {"revise": revise(0.31)})
    surer = agreeing(single, [tiny_classifier(2, seed=5)])
    changed = [
        explained.explain("revise_agreed", x, 1, 0.9),
        explained.explain("revise", x, 1, 0.8),
        explained.explain("revise", x, 0, 0.9),
        explained.explain("revise", images(2, seed=1), 1, 0.9),
        dearer.explain("revise", x, 1, 0.9),
        replace(explained, model=other).explain("revise", x, 1, 0.9),
        replace(explained, methods=surer).explain("revise_agreed", x, 1, 0.9),
        replace(explained, run=replace(FEW, steps=3)).explain("revise", x, 1, 0.9),
    ]

    assert len(asked) == 1 + len(changed)


def test_leads_are_differences_of_shares_and_those_over_forms_their_mean() -> None:
    def flags(ours: int, theirs: int) -> dict[str, dict[str, torch.Tensor]]:
        return {
            name: {what: torch.arange(100) < count for what in ("named", "no_lie")}
            for name, count in (("ours", ours), ("theirs", theirs))
        }

    found = leads(
        {"one": [flags(90, 60), flags(70, 80)], "two": [flags(50, 50)] * 2}, "ours"
    )

    assert found["ours_minus_theirs_one_named"] == pytest.approx(0.1)
    assert found["ours_minus_theirs_two_no_lie"] == 0
    assert found["ours_minus_theirs_named"] == pytest.approx(0.05)
    assert (
        0
        < found["ours_minus_theirs_named_low"]
        < 0.05
        < found["ours_minus_theirs_named_high"]
        < 0.1
    )
    assert found["ours_minus_theirs_two_named_high"] == 0
