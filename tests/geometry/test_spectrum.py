import pytest
import torch

from diffeo.geometry.spectrum import (
    average_spectrum,
    dimension_by_gap,
    dimension_by_share,
    effective_dimension,
    top_share,
)

SPECTRA = torch.tensor([[4.0, 4.0, 4.0, 4.0, 0.0], [8.0, 1.0, 0.5, 0.25, 0.25]])


def test_equal_eigenvalues_count_as_that_many_dimensions() -> None:
    assert effective_dimension(SPECTRA)[0].item() == pytest.approx(4)
    assert 1 < effective_dimension(SPECTRA)[1].item() < 2


def test_the_share_of_the_largest_is_a_share_of_the_sum() -> None:
    torch.testing.assert_close(top_share(SPECTRA, count=2), torch.tensor([0.5, 0.9]))


def test_spectra_are_averaged_rank_by_rank() -> None:
    mixed = torch.tensor([[1.0, 3.0], [5.0, 7.0]])

    torch.testing.assert_close(average_spectrum(mixed), torch.tensor([5.0, 3.0]))


def test_the_dimension_by_share_is_the_least_that_reaches_it() -> None:
    assert dimension_by_share(SPECTRA, share=0.75).tolist() == [3, 1]
    assert dimension_by_share(SPECTRA, share=0.85).tolist() == [4, 2]


def test_the_dimension_by_gap_lies_above_the_widest_gap() -> None:
    assert dimension_by_gap(SPECTRA).tolist() == [4, 1]


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share must be between 0 and 1"):
        dimension_by_share(SPECTRA, share=share)
