import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from diffeo.ascents import NormalizedGradient
from diffeo.columns import Column
from diffeo.counterfactuals import Counterfactuals, Outcome, choose, concatenate
from diffeo.counterfactuals.told import settings_of_columns
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow


@cache
def record(rows: int = 4, steps: int = 5) -> Counterfactuals:
    return search(
        images(rows),
        tiny_classifier(3),
        TargetClass(2),
        tiny_flow(),
        NormalizedGradient(0.1),
        Run(steps=steps, path=True),
    )


def tell(head: dict[str, str], told: dict[str, object]) -> None:
    head["settings"] = json.dumps(json.loads(head["settings"]) | told)


def test_selected_rows_are_those_asked_for() -> None:
    whole = record()
    part = whole.select(torch.tensor([2, 0]))

    assert len(part) == 2
    assert torch.equal(part.latent, whole.latent[[2, 0]])
    assert torch.equal(whole.select(whole.margin > 99).latent, whole.latent[:0])


def test_concatenated_records_keep_each_path_as_long_as_it_was() -> None:
    short, long = record(2, steps=3), record(3, steps=6)
    both = concatenate([short, long])

    assert [len(path.steps) for path in both.paths] == [
        len(path.steps) for path in (*short.paths, *long.paths)
    ]
    assert torch.equal(both.paths[4].latent, long.paths[2].latent)


def test_a_path_ends_at_the_point_returned() -> None:
    found = record(steps=6)

    for row, path in enumerate(found.paths):
        assert torch.equal(path.latent[0], found.origin[row])
        assert torch.equal(path.latent[-1], found.latent[row])
        assert path.steps[-1] == found.steps[row]


def test_a_saved_record_is_read_as_it_was(tmp_path: Path) -> None:
    found = replace(record(), names=("a", "b", "c.png", "d"))
    found.save(str(tmp_path / "record.safetensors"))
    again = Counterfactuals.load(str(tmp_path / "record.safetensors"))

    assert again.settings == found.settings
    assert (again.names, again.batch_size) == (found.names, found.batch_size)
    assert all(map(torch.equal, again.tensors().values(), found.tensors().values()))
    assert [path.steps.tolist() for path in again.paths] == [
        path.steps.tolist() for path in found.paths
    ]


def test_settings_are_names_and_values() -> None:
    settings = record().settings

    assert settings["objective"] == {
        "name": "TargetClass",
        "target": 2,
        "confidence": 0.99,
    }
    assert settings["ascent"] == {"name": "NormalizedGradient", "rate": 0.1}


def test_a_record_is_shown_in_two_lines() -> None:
    found = record(steps=1000)
    head, medians = repr(found).splitlines()

    assert head.startswith("Counterfactuals of 4 rows: ")
    assert medians.startswith("medians: ")
    assert "confidence 0.99" in medians


def test_a_penalty_hides_no_class() -> None:
    inner = record().settings["objective"]
    outer = {"name": "Penalized", "weight": 0.1, "objective": inner}
    priced = replace(record(), settings={"objective": outer})

    assert priced.objective == inner
    assert torch.equal(priced.confidence, record().confidence)


def test_only_a_class_has_a_confidence() -> None:
    values = replace(record(), settings={"objective": {"name": "Between"}})

    assert not values.is_of_classes

    with pytest.raises(ValueError, match="must be a class to have a confidence"):
        _ = values.confidence


CHANGES: dict[str, Callable[[dict[str, Any], dict[str, str]], object]] = {
    "a row left out": lambda tensors, _: tensors.update(steps=tensors["steps"][1:]),
    "no target": lambda tensors, _: tensors.pop("target"),
    "bytes": lambda tensors, _: tensors.update(margin=tensors["margin"].byte()),
    "no settings": lambda _, head: head.pop("settings"),
    "settings of a list": lambda _, head: head.update(settings="[1]"),
    "settings of no JSON": lambda _, head: head.update(settings="{"),
    "no batch size": lambda _, head: head.pop("batch_size"),
    "another version": lambda _, head: head.update(version="1"),
    "a path too long": lambda tensors, _: tensors.update(
        path_points=tensors["path_points"] + 1
    ),
    "a path elsewhere": lambda tensors, _: tensors.update(
        path_latent=tensors["path_latent"][:, 1:].contiguous()
    ),
    "a target that is no class": lambda tensors, _: tensors.update(
        target=tensors["target"] + 50
    ),
    "whole numbers in a statement": lambda tensors, _: tensors.update(
        statement_angle=tensors["steps"].clone()
    ),
    "a statement too short": lambda tensors, _: tensors.update(
        statement_angle=tensors["margin"][1:].clone()
    ),
    "classes that are no words": lambda _, head: tell(head, {"classes": 3}),
    "columns that are none": lambda _, head: tell(head, {"columns": [{"a": 1}]}),
    "columns of other data": lambda _, head: tell(
        head, settings_of_columns([Column("age")] * 7)
    ),
    "no rows": lambda tensors, _: tensors.update(
        {name: value[:0] for name, value in tensors.items()}
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_changed_file_is_refused_in_one_sentence(
    change: Callable[[dict[str, Any], dict[str, str]], object], tmp_path: Path
) -> None:
    path = tmp_path / "record.safetensors"
    record().save(path)

    with safe_open(path, framework="pt") as file:
        head = dict(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    change(tensors, head)
    save_file(tensors, path, metadata=head)

    with pytest.raises(ValueError, match="record must be") as caught:
        Counterfactuals.load(path)

    assert str(path) in str(caught.value)


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


def test_a_record_whose_tensors_share_memory_is_saved(tmp_path: Path) -> None:
    found = record(2)
    shared = replace(found, reconstruction=found.factual)
    shared.save(tmp_path / "record.safetensors")
    read = Counterfactuals.load(tmp_path / "record.safetensors")

    assert torch.equal(read.reconstruction, found.factual)


def stated(found: Counterfactuals, *names: str) -> Counterfactuals:
    rows = torch.arange(len(found), dtype=torch.float64)

    return replace(found, statements={name: len(name) + rows for name in names})


def test_statements_follow_their_rows(tmp_path: Path) -> None:
    found = stated(record(), "angle", "rank")
    found.save(tmp_path / "record.safetensors")
    read = Counterfactuals.load(tmp_path / "record.safetensors")
    part = found.select(torch.tensor([2, 0]))
    first = torch.tensor([True, False, False, True])
    chosen = choose(first, found, found.map(lambda value: value + 10))

    assert read.statements.keys() == {"angle", "rank"}
    assert read.statements["rank"].tolist() == [4, 5, 6, 7]
    assert part.statements["angle"].tolist() == [7, 5]
    assert part.to("cpu").statements["rank"].tolist() == [6, 4]
    assert chosen.statements["rank"].tolist() == [4, 15, 16, 7]
    assert repr(found) == repr(record())


def test_concatenated_records_keep_the_statements_that_all_have() -> None:
    both = concatenate([stated(record(), "angle", "rank"), stated(record(2), "rank")])

    assert {name: len(row) for name, row in both.statements.items()} == {"rank": 6}


def test_a_statement_is_a_float_for_each_row() -> None:
    found = record()

    with pytest.raises(ValueError, match="statement_angle must have a row for each"):
        replace(found, statements={"angle": torch.zeros(3)})

    with pytest.raises(ValueError, match="statement angle must be a float"):
        replace(found, statements={"angle": found.steps})

    with pytest.raises(ValueError, match="statement angle must be a float"):
        replace(found, statements={"angle": found.latent})
