import pytest
import torch
from torch import Tensor

from diffeo.columns import Column
from diffeo.coordinates.table import TableFlow
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.models.affine_spline import affine_spline
from diffeo.workflows.fit.quality import Quality
from diffeo.workflows.fit.table_quality import (
    columns_apart,
    draw_rows,
    measure_table_quality,
)

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
COURSE = (1.5, 1.2, 1.0, 1.0, 1.0, 1.0)


def drawn(count: int, seed: int) -> Tensor:
    """Rows of two numbers that go together, and a category."""

    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 3, generator=generator)
    kind = (x[:, 2] > 0).float()

    return torch.stack((x[:, 0], x[:, 0] + 0.5 * x[:, 1], kind, 1 - kind), 1)


@pytest.fixture
def samples() -> Tensor:
    """Rows that are as those of the table are."""

    return drawn(400, 2)


def flow() -> TableFlow:
    return TableFlow(ZukoFlow(affine_spline(range(4), hidden=(8,))), COLUMNS)


def quality(samples: Tensor, course: tuple[float, ...] = COURSE) -> Quality:
    """What is measured where the flow makes up these samples."""

    train, held_out = drawn(400, 0), drawn(400, 1)

    return measure_table_quality(flow(), FIGURES, train, held_out, samples, course)


def test_samples_like_the_table_are_called_good(samples: Tensor) -> None:
    good = quality(samples)

    assert [str(answer) for answer in good.answers if not answer.well] == []
    assert good.verdict.startswith("Good by all that is measured here")


def test_a_column_that_is_shifted_is_named(samples: Tensor) -> None:
    samples[:, 1] += 1.0
    shifted = quality(samples)
    wrong = [answer for answer in shifted.answers if not answer.well]
    apart = columns_apart(flow(), torch.cat((drawn(400, 0), drawn(400, 1))), samples)

    assert apart["width"] == pytest.approx(0.33, abs=0.06)
    assert [answer.found[:20] for answer in wrong] == ["width differs most, "]
    assert shifted.verdict.startswith("Rough")
    assert shifted.sections()[0].charts[0].axes[0].get_title(loc="left") == "width"


def test_categories_of_other_shares_are_named(samples: Tensor) -> None:
    samples[:, 2:] = torch.tensor([1.0, 0.0])
    apart = columns_apart(flow(), torch.cat((drawn(400, 0), drawn(400, 1))), samples)

    assert apart["kind"] == pytest.approx(0.5, abs=0.1)


def test_columns_that_no_longer_go_together_are_seen(samples: Tensor) -> None:
    samples[:, 1] = samples[torch.randperm(len(samples)), 1]
    wrong = [answer for answer in quality(samples).answers if not answer.well]

    assert [answer.question[:16] for answer in wrong] == ["Do columns of sa"]


def test_training_rows_as_samples_are_copies() -> None:
    assert "Learned by heart" in quality(drawn(400, 0) + 1e-4).verdict


def test_a_training_that_still_falls_wants_more_minutes(samples: Tensor) -> None:
    assert "more minutes" in quality(samples, (9.0, 7.0, 5.0, 3.0)).verdict


def test_samples_are_drawn_from_the_flow() -> None:
    samples = draw_rows(flow())

    assert samples.shape == (2000, 4)
    assert samples[:, 2:].sum(1).eq(1).all()
    assert len(quality(samples).sections()[2].table) == 1 + 2 * 6
