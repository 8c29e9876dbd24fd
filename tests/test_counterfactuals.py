from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from diffeo.ascents import NormalizedGradient
from diffeo.counterfactuals import Counterfactuals, Outcome, choose, concatenate
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow


def record(rows: int = 4, steps: int = 5) -> Counterfactuals:
    return search(
        images(rows),
        tiny_classifier(3),
        TargetClass(2),
        tiny_flow(),
        NormalizedGradient(0.1),
        Run(steps=steps, path=True),
    )


def test_selected_rows_are_those_asked_for() -> None:
    whole = record()
    part = whole.select(torch.tensor([2, 0]))

    assert len(part) == 2
    assert torch.equal(part.latent, whole.latent[[2, 0]])
    assert torch.equal(whole.select(whole.margin > 99).latent, whole.latent[:0])


def test_concatenated_paths_repeat_their_last_point() -> None:
    short, long = record(2, steps=3), record(3, steps=6)
    both = concatenate([short, long])

    assert both.path.shape[:2] == (5, long.path.shape[1])
    assert torch.equal(both.path[:2, : short.path.shape[1]], short.path)
    assert torch.equal(both.path[:2, -1], short.path[:, -1])


def test_chosen_rows_come_from_the_record_that_was_chosen() -> None:
    one, other = record(steps=3), record(steps=6)
    first = torch.tensor([True, False, False, True])
    mixed = choose(first, one, other)

    assert torch.equal(mixed.latent[first], one.latent[first])
    assert torch.equal(mixed.latent[~first], other.latent[~first])


def test_every_outcome_has_a_meaning() -> None:
    assert len({outcome.meaning for outcome in Outcome}) == len(Outcome)


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"record must be a file, got .*none"):
        Counterfactuals.load(tmp_path / "none")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    text, tensors = tmp_path / "text", tmp_path / "tensors"
    text.write_text("not a record")
    save_file({"x": torch.zeros(1)}, tensors)

    with pytest.raises(ValueError, match="must be a safetensors file"):
        Counterfactuals.load(text)

    with pytest.raises(ValueError, match="must be of format diffeo-counterfactuals"):
        Counterfactuals.load(tensors)
