import json
from dataclasses import replace
from pathlib import Path

import torch

from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow
from reproduction.experiment import ExperimentOptions
from reproduction.mnist.pairs import GOALS, MNIST_PAIRS, Displaced

NAMES = [
    f"batch_{size}{start}" for size in ("1_first_1", "2") for start in ("", "_seed_1")
]


def test_random_digits_become_random_classes_in_batches_of_any_size(
    data: Path, tmp_path: Path
) -> None:
    options = ExperimentOptions(tmp_path, data, quick=True, progress=False)
    results = MNIST_PAIRS.run(options)
    keys = {f"{key}_{name}" for key in ("reached", "steps_max") for name in NAMES}

    assert results.keys() == keys | GOALS.keys()
    assert json.loads((tmp_path / "results.json").read_text()) == results
    assert results["reached_min"] == 1
    assert 0 < results["steps_max"] <= 200
    assert results["steps_max"] == max(results[f"steps_max_{name}"] for name in NAMES)


def test_a_displaced_search_is_that_of_a_restart() -> None:
    x, model, goal, flow = (
        images(8),
        tiny_classifier(3),
        TargetClass(2, 0.7),
        tiny_flow(),
    )
    run = Run(steps=100, restart_noise=0.3, seed=1)
    plain = search(x, model, goal, flow, run=run)
    moved = search(x, model, goal, Displaced.like(flow, run, 16), run=run)
    both = search(x, model, goal, flow, run=replace(run, restarts=1))
    of_plain, of_moved = (
        torch.isclose(both.latent, each.latent).all(1) for each in (plain, moved)
    )

    assert (of_plain | of_moved).all()
    assert (of_moved & ~of_plain).any()
