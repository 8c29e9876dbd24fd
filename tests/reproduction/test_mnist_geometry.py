import json
import math
import sys
from pathlib import Path

import pytest
import torch

from diffeo.coordinates.identity import Identity
from diffeo.coordinates.linear import principal_axes
from diffeo.data.mnist import sample_digits
from diffeo.workflows.spectrum import (
    dimension_figures,
    draw_spectrum,
    spectra,
    spectrum_to_folder,
)
from reproduction.experiment import ExperimentOptions
from reproduction.mnist.geometry import MNIST_GEOMETRY, peak_memory

PROMISED = {
    "effective_dimension_mean",
    "top10_share",
    "topk_relative_error",
    "on_manifold_share_latent",
    "on_manifold_share_data",
    "on_manifold_share_untrained",
    "on_manifold_share_isotropic",
}


@pytest.mark.usefixtures("small_digits")
def test_the_experiment_runs_and_writes_its_figures(data: Path, tmp_path: Path) -> None:
    options = ExperimentOptions(tmp_path, data, quick=True, progress=False)
    results = MNIST_GEOMETRY.run(options)

    assert set(results) >= PROMISED
    assert [name for name in PROMISED if not math.isfinite(results[name])] == []
    assert json.loads((tmp_path / "results.json").read_text()).keys() == results.keys()
    assert (tmp_path / "spectrum.png").is_file()
    assert (tmp_path / "shares.png").is_file()


def test_data_space_has_a_flat_spectrum(tmp_path: Path) -> None:
    x = sample_digits().images[:2]
    place = Identity((1, 28, 28))
    results, average = spectrum_to_folder(x, place, tmp_path, progress=False)
    draw_spectrum(average, "data", tmp_path)

    assert math.isclose(results["effective_dimension_mean"], 784, rel_tol=1e-4)
    assert math.isclose(results["top10_share"], 10 / 784, rel_tol=1e-4)
    assert (tmp_path / "spectrum.png").is_file()


def test_the_spectrum_of_principal_axes_is_their_variance() -> None:
    x = sample_digits().images
    axes = principal_axes(x, count=20)
    found = spectra(x[:2], axes, progress=False)

    torch.testing.assert_close(found[0], axes.spread.square(), rtol=1e-4, atol=1e-6)
    assert dimension_figures(found)["top10_share"] > 0.5


def test_systems_that_do_not_tell_their_memory_are_no_hindrance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert peak_memory()["top100_peak_gib"] > 0

    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows

    assert peak_memory() == {}
