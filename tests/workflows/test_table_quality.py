from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diffeo.columns import Column
from diffeo.coordinates.table import TableFlow
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.models.affine_spline import affine_spline
from diffeo.workflows.table_quality import TableQuality, measure_table_quality

COLUMNS = (
    Column("length", low=-5.0, high=5.0),
    Column("width", low=-5.0, high=5.0),
    Column("kind", ("a", "b")),
)
FIGURES = {
    "round_trip": 1e-6,
    "train_nats": 1.0,
    "validation_nats": 1.1,
    "normal_nats": 1.3,
}
COURSE = [6.0, 5.0, 4.0, 4.0, 4.0, 4.0]


def drawn(count: int, seed: int) -> Tensor:
    """Rows of two numbers that go together, and a category."""

    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 3, generator=generator)
    kind = (x[:, 2] > 0).float()

    return torch.stack((x[:, 0], x[:, 0] + 0.5 * x[:, 1], kind, 1 - kind), 1)


@pytest.fixture
def good() -> TableQuality:
    """A flow whose samples are as the table is."""

    flow = TableFlow(ZukoFlow(affine_spline(range(4), hidden=(8,))), COLUMNS)
    train, held_out, samples = (drawn(400, seed) for seed in range(3))

    return TableQuality(flow, FIGURES, COURSE, train, held_out, samples)


def test_samples_like_the_table_are_called_good(good: TableQuality) -> None:
    assert [str(answer) for answer in good.answers() if not answer.well] == []
    assert good.verdict() == "Good by all that is measured here."


def test_a_column_that_is_shifted_is_named(good: TableQuality) -> None:
    samples = good.samples.clone()
    samples[:, 1] += 1.0
    shifted = replace(good, samples=samples)
    wrong = [answer for answer in shifted.answers() if not answer.well]

    assert shifted.apart()["width"] == pytest.approx(0.33, abs=0.06)
    assert [answer.found[:20] for answer in wrong] == ["width differs most, "]
    assert shifted.verdict().startswith("Rough")
    assert shifted.sections()[0].charts[0].axes[0].get_title(loc="left") == "width"


def test_categories_of_other_shares_are_named(good: TableQuality) -> None:
    samples = good.samples.clone()
    samples[:, 2:] = torch.tensor([1.0, 0.0])

    assert replace(good, samples=samples).apart()["kind"] == pytest.approx(0.5, abs=0.1)


def test_columns_that_no_longer_go_together_are_seen(good: TableQuality) -> None:
    samples = good.samples.clone()
    samples[:, 1] = samples[torch.randperm(len(samples)), 1]
    wrong = [a for a in replace(good, samples=samples).answers() if not a.well]

    assert [answer.question[:16] for answer in wrong] == ["Do columns of sa"]


def test_training_rows_as_samples_are_copies(good: TableQuality) -> None:
    copied = replace(good, samples=good.train + 1e-4)

    assert "Learned by heart" in copied.verdict()


def test_a_training_that_still_falls_wants_more_minutes(good: TableQuality) -> None:
    assert "more minutes" in replace(good, course=[9.0, 7.0, 5.0, 3.0]).verdict()


def test_samples_are_drawn_from_the_flow(good: TableQuality) -> None:
    found = measure_table_quality(good.flow, FIGURES, good.train, good.held_out)

    assert found.samples.shape == (2000, 4)
    assert found.samples[:, 2:].sum(1).eq(1).all()
    assert len(found.sections()[2].table) == 1 + 2 * 6
