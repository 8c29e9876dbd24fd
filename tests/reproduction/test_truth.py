import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffeo.data.mnist import sample_digits
from mirrored import record_of
from reproduction.experiment import ExperimentOptions
from reproduction.truth.experiment import METHODS, TRUTH, scores
from reproduction.truth.tasks import TASKS


@pytest.mark.parametrize("name", TASKS)
def test_the_cue_decides_the_class_and_nothing_else_does(name: str) -> None:
    task = TASKS[name]
    data = task.draw(sample_digits().images, seed=0)

    for attribute, measure in task.attributes.items():
        less, more = (measure(data.of(label)) for label in (0, 1))

        if attribute == task.cue:
            assert less.max() < more.min(), attribute
        else:
            spread = torch.cat((less, more)).std()
            assert (less.mean() - more.mean()).abs() < 0.2 * spread, attribute


@pytest.mark.parametrize("name", TASKS)
def test_real_images_of_the_other_class_name_the_cue_and_others_do_not(
    name: str,
) -> None:
    task = TASKS[name]
    data = task.draw(sample_digits().images, seed=0)
    before, after = data.of(0)[:100], data.of(1)[:100]
    record = record_of(before)
    record = replace(record, counterfactual=before)
    good = scores(task, data, replace(record, counterfactual=after), 0)
    bad = scores(task, data, record, 0)
    noise = torch.rand(before.shape, generator=torch.Generator().manual_seed(0))
    lie = scores(task, data, replace(record, counterfactual=noise), 0)

    assert good["named"].all()
    assert good["no_lie"].float().mean() > 0.85
    assert not bad["named"].any()
    assert bad["no_lie"].float().mean() > 0.85
    assert lie["no_lie"].float().mean() < 0.1


def test_all_methods_are_scored_on_all_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path / "cache"))
    options = ExperimentOptions(tmp_path / "out", quick=True, progress=False)
    results = TRUTH.run(options)

    for method in METHODS:
        for what in ("named", "no_lie"):
            each = [results[f"{task}_{method}_{what}"] for task in TASKS]
            assert results[f"{method}_{what}"] == pytest.approx(sum(each) / len(each))

    assert json.loads((tmp_path / "out/results.json").read_text()) == results
    assert {f"{task}.png" for task in TASKS} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    assert len(list((tmp_path / "cache").iterdir())) == 2 * len(TASKS)
