from dataclasses import replace

import pytest
import torch
from torch import Tensor

from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.residual import Residual
from diffeo.counterfactuals import Counterfactuals
from diffeo.statements import typical
from diffeo.statements.typical import typicality
from laws import autoencoder, images, tiny_flow, velocity_field, zuko_flow
from records import record

DATA = images(12, seed=9)
LABELS = torch.tensor([0, 1, 2] * 4)


def eight_bits(x: Tensor) -> Tensor:
    return (x * 255).round() / 255


def found(rows: int = 5) -> Counterfactuals:
    x = images(rows)
    target = torch.tensor([1.0, 2, 2, 1, 2], dtype=x.dtype)[:rows]

    return replace(record(x, images(rows, seed=4)), target=target)


@pytest.mark.parametrize("place", [tiny_flow(), Bounded(tiny_flow()), zuko_flow()])
def test_ranks_count_the_references_of_greater_density(place: Coordinates) -> None:
    inside = place.coordinates if isinstance(place, Bounded) else place
    assert not isinstance(inside, Bounded)
    stated = typicality(found(), place, DATA, LABELS).statements
    wanted = [
        sum(
            inside.log_prob(real[None]).item() > inside.log_prob(x[None]).item()  # type: ignore[attr-defined]
            for real, label in zip(eight_bits(DATA), LABELS, strict=True)
            if label == target
        )
        for x, target in zip(
            eight_bits(found().counterfactual), found().target, strict=True
        )
    ]

    assert stated["typicality_rank"].tolist() == wanted
    assert stated["references"].tolist() == [4] * 5
    assert len(set(wanted)) > 1


def test_coordinates_without_a_density_rank_by_the_error_of_the_round_trip() -> None:
    place = Bounded(autoencoder(), low=-9.0, high=9.0)
    stated = typicality(found(), place, DATA, LABELS).statements
    error = [
        (place.decode(place.encode(eight_bits(x))) - eight_bits(x))
        .flatten(1)
        .norm(dim=1)
        for x in (found().counterfactual, DATA)
    ]
    wanted = [
        (error[1][target == LABELS] < own).sum().item()
        for own, target in zip(error[0], found().target, strict=True)
    ]

    assert stated.keys() == {"round_trip_rank", "references"}
    assert stated["round_trip_rank"].tolist() == wanted
    assert len(set(wanted)) > 1


def test_a_residual_ranks_by_what_its_generator_loses() -> None:
    ranks = [
        typicality(found(), place, DATA, LABELS).statements["round_trip_rank"]
        for place in (autoencoder(), Residual(autoencoder()))
    ]

    assert torch.equal(*ranks)
    assert ranks[0].max() > 0


def test_rows_that_are_approximate_have_both_ranks() -> None:
    field, marked = velocity_field(), torch.tensor([True, False, False, True, False])
    exact, lost = found(), found().reconstruction.clone()
    lost[marked] += 0.1
    mixed = replace(exact, reconstruction=lost)
    alone = replace(exact, reconstruction=exact.reconstruction + 0.1)
    part, whole, plain = (
        typicality(each, field, DATA, LABELS).statements
        for each in (mixed, alone, exact)
    )

    assert plain.keys() == {"typicality_rank", "references"}
    assert part.keys() == whole.keys() == {*plain, "round_trip_rank"}
    assert torch.equal(part["typicality_rank"], plain["typicality_rank"])
    assert torch.equal(part["round_trip_rank"].isnan(), ~marked)
    assert torch.equal(
        part["round_trip_rank"][marked], whole["round_trip_rank"][marked]
    )
    assert len(set(whole["round_trip_rank"].tolist())) > 1


def test_an_exact_flow_ranks_by_its_density_alone() -> None:
    elsewhere = replace(found(), reconstruction=found().reconstruction + 0.1)
    stated = typicality(elsewhere, tiny_flow(), DATA, LABELS).statements

    assert stated.keys() == {"typicality_rank", "references"}


def test_a_real_datum_ranks_among_its_like_as_it_does() -> None:
    flow, ones = tiny_flow(), DATA[LABELS == 1]
    stated = typicality(record(images(4), ones), flow, DATA, LABELS).statements

    assert sorted(stated["typicality_rank"].tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [1, 3])
def test_a_rank_depends_on_no_other_row(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = typicality(found(), tiny_flow(), DATA, LABELS)
    monkeypatch.setattr(typical, "BATCH", size)
    rows = torch.tensor([3, 2])
    part = typicality(found().select(rows), tiny_flow(), DATA, LABELS)

    for name, values in whole.statements.items():
        assert torch.equal(part.statements[name], values[rows])


def test_other_statements_stay() -> None:
    before = replace(found(), statements={"angle": torch.ones(5)})
    after = typicality(before, tiny_flow(), DATA, LABELS)

    assert set(after.statements) == {"angle", "typicality_rank", "references"}


def test_what_is_not_finite_has_no_rank() -> None:
    x = images(2)
    broken = record(x, torch.stack((x[0], torch.full_like(x[0], torch.nan))))
    ranks = typicality(broken, tiny_flow(), DATA, LABELS).statements["typicality_rank"]

    assert ranks.isnan().tolist() == [False, True]


def test_a_target_class_without_references_is_refused() -> None:
    with pytest.raises(
        ValueError, match="references of each target class, got none of"
    ):
        typicality(found(), tiny_flow(), DATA, LABELS * 2)


def test_data_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="references must be like the data"):
        typicality(found(), tiny_flow(), DATA[:, :, :2], LABELS)


def test_values_have_no_classes_to_rank_among() -> None:
    values = replace(found(), settings={"objective": {"name": "Between"}})

    with pytest.raises(
        ValueError, match="must be of a search for classes, got one for"
    ):
        typicality(values, tiny_flow(), DATA, LABELS)
