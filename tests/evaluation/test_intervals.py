import numpy as np
import pytest
import torch
from scipy import stats

from diffeo.evaluation.evaluation import Evaluation
from diffeo.evaluation.intervals import (
    UNKNOWN,
    Interval,
    bootstrap,
    interval_of,
    mean,
    median,
    share,
    wilson,
)


def paired(values: torch.Tensor, other: torch.Tensor) -> Interval:
    scores = {"ours": {"gray": values}, "theirs": {"gray": other}}

    return Evaluation((), scores).paired("ours", "theirs", "gray")


def sample(rows: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)

    return torch.randn(rows, generator=generator, dtype=torch.float64).exp()


@pytest.mark.parametrize("statistic", [(mean, np.mean), (median, np.median)])
def test_an_interval_agrees_with_the_reference(statistic: tuple) -> None:  # type: ignore[type-arg]
    ours, reference = statistic
    values = sample(80)
    found = bootstrap(values, ours, resamples=20_000)
    expected = stats.bootstrap(
        (values.numpy(),), reference, method="percentile", n_resamples=20_000, rng=1
    ).confidence_interval

    assert found.value == pytest.approx(reference(values.numpy()))
    assert found.low == pytest.approx(expected.low, rel=0.02)
    assert found.high == pytest.approx(expected.high, rel=0.02)
    assert found.rows == 80


@pytest.mark.parametrize(("ones", "rows"), [(0, 7), (3, 7), (126, 200), (200, 200)])
def test_the_interval_of_a_share_agrees_with_the_reference(
    ones: int, rows: int
) -> None:
    found = wilson((torch.arange(rows) < ones).double())
    expected = stats.binomtest(ones, rows).proportion_ci(method="wilson")

    assert found.value == pytest.approx(ones / rows)
    assert found.low == pytest.approx(expected.low, abs=1e-6)
    assert found.high == pytest.approx(expected.high, abs=1e-6)
    assert found.rows == rows
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_a_share_has_the_interval_of_shares_and_a_mean_that_of_means() -> None:
    flags = torch.tensor([1.0, 1.0, torch.nan, 0.0])

    finite = flags[flags.isfinite()].double()

    assert interval_of(flags, share) == wilson(finite)
    assert interval_of(flags, mean, 50) == bootstrap(finite, mean, 50)
    assert interval_of(flags, share).rows == 3


@pytest.mark.parametrize("rows", [4, 5])
def test_the_median_is_the_references(rows: int) -> None:
    values = torch.stack((sample(rows, 1), sample(rows, 2)))

    np.testing.assert_allclose(median(values), np.median(values.numpy(), axis=1))


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = torch.Generator().manual_seed(3)
    draws = torch.randn(200, 40, generator=generator)
    found = [bootstrap(row, resamples=400) for row in draws]
    covered = [each.low <= 0 <= each.high for each in found]

    assert 0.87 <= np.mean(covered) <= 0.99


def test_the_same_rows_are_drawn_in_any_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = sample(30)
    whole = bootstrap(values, resamples=100)
    monkeypatch.setattr("diffeo.evaluation.intervals.ENTRIES", 90)

    assert bootstrap(values, resamples=100) == whole


def test_a_constant_has_no_width() -> None:
    found = bootstrap(torch.ones(7), resamples=50)

    assert (found.value, found.low, found.high) == (1, 1, 1)


def test_pairing_takes_out_what_the_factuals_contribute() -> None:
    rows = 50
    hardness = 10 * sample(rows, 4)
    ours, theirs = hardness + 0.1 * sample(rows, 5), hardness - 0.1 * sample(rows, 6)
    together = paired(ours, theirs)
    first, second = bootstrap(ours), bootstrap(theirs)

    assert together.value == pytest.approx((ours - theirs).mean().item())
    assert together.low > 0
    assert first.low < second.high


def test_rows_that_one_method_misses_are_left_out() -> None:
    ours = torch.tensor([1.0, torch.nan, 3.0, 4.0])
    theirs = torch.tensor([0.0, 1.0, torch.nan, 1.0])
    found = paired(ours, theirs)

    assert (found.value, found.rows) == (2.0, 2)


def test_rows_of_nothing_have_no_interval() -> None:
    for statistic in (mean, share):
        assert interval_of(torch.tensor([torch.nan, torch.inf]), statistic) is UNKNOWN

    assert paired(torch.tensor([torch.nan]), torch.tensor([1.0])) is UNKNOWN
