import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from PIL import Image
from torch import nn

from diffeo import Identity, Residual, TargetClass, principal_axes, search
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals
from diffeo.distances import FeatureDistance
from diffeo.methods import diffeomorphic
from diffeo.search import Run
from diffeo.training.flow_matching import NOISE
from diffeo.zoo import Recipe
from reproduction.celeba.coordinates import CELEBA_COORDINATES
from reproduction.celeba.identity import identity_rules, strangers
from reproduction.celeba.sheets import blind_sheet
from reproduction.coordinates import at_distance, central, found_in, searched
from reproduction.experiment import ExperimentOptions
from reproduction.path_errors import path_errors

PLACE = Identity((3, 4, 4))


def record(rows: int = 6) -> Counterfactuals:
    generator = torch.Generator().manual_seed(0)
    x = 0.4 + 0.1 * torch.rand(rows, 3, 4, 4, generator=generator)

    return search(x, lambda x: 9 * x.flatten(1)[:, :2], TargetClass(1, 0.9), PLACE)


@pytest.mark.usefixtures("small_models")
def test_faces_are_judged_alike_in_all_coordinates(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    options = ExperimentOptions(out, data, quick=True, progress=False)
    results = CELEBA_COORDINATES.run(options)
    said = {"svm", "second_cnn", "knn", "svm_equal", "second_cnn_equal", "knn_equal"}
    known = {
        "reached",
        "seconds_per_image",
        "latent_norm_ratio",
        "round_trip_rms",
        "identity_distance",
        "change_in_hair",
    }

    for name in ("flow_matching", "glow", "data"):
        for about in ("", "_smiling"):
            keys = {f"{name}{about}_{key}" for key in said | known}

            assert keys <= results.keys()
            assert results[f"flow_matching{about}_exact"] == 1
            assert results[f"flow_matching{about}_round_trip_rms"] < 1e-4

    for name in ("flow_matching", "glow"):
        for key, distance in (("closest", "latent"), ("closest_data", "data")):
            plain, closest = (
                results[f"{each}_l2_{distance}_median"]
                for each in (name, f"{name}_{key}")
            )
            assert closest <= plain

        plain, face = (
            results[f"{each}_change_in_face"] for each in (name, f"{name}_closest_face")
        )
        assert face <= plain

    assert (
        results["flow_matching_latent_norm_ratio"]
        > results["flow_matching_clean_latent_norm_ratio"]
    )
    assert "glow_closest_typical_glow" not in results
    assert results["flow_matching_reached"] == 1
    assert 0 < results["flow_matching_contraction_max"] < 1
    assert {"glow_typical_flow_matching", "flow_matching_typical_glow"} <= set(results)
    assert "flow_matching_typical_flow_matching" not in results
    assert 0 <= results["real_typical_glow"] <= 1
    assert "could not be drawn" not in capsys.readouterr().err
    assert {path.name for path in out.glob("*.png")} == {
        f"{name}.png"
        for name in ("gallery", "closest", "others", "samples", "blind", "blind_face")
    }


def test_a_change_is_stretched_and_shortened_to_a_distance() -> None:
    found = record()
    wanted = found.distance * torch.linspace(0.3, 1.7, len(found))
    x = at_distance(found, PLACE, wanted)
    change, whole = ((each - found.factual) for each in (x, found.counterfactual))
    cosine = torch.cosine_similarity(change.flatten(1), whole.flatten(1))

    torch.testing.assert_close(change.flatten(1).norm(dim=1), wanted, rtol=0.01, atol=0)
    torch.testing.assert_close(cosine, torch.ones(len(found)))


def test_errors_on_paths_depend_on_the_image_alone() -> None:
    settings = {"shape": [3, 8, 8], "widths": [8, 8], "steps": 2}
    field = cast("FlowMatching", Recipe("flow-matching", settings).build())
    gray = torch.full((1, 3, 8, 8), 0.5)
    x = torch.cat((gray, gray / 4, gray))
    found = path_errors(field, x, draws=64)

    torch.testing.assert_close(path_errors(field, x[1:2], draws=64), found[1:2])
    assert found[0] == found[2]
    assert found[0].item() == pytest.approx(1 + NOISE**2, rel=0.05)  # a field of zeros
    assert (found[1] - found[0]).item() == pytest.approx(0.75**2, rel=0.1)


def test_a_score_between_those_of_nearly_all_real_images_is_central() -> None:
    real = torch.linspace(0.2, 0.6, 200).reshape(-1, 1, 1, 1)
    judge = central(lambda x: x.flatten(1).sum(1), real)
    x = torch.tensor([0.1, 0.21, 0.4, 0.59, 0.7]).reshape(-1, 1, 1, 1)

    assert judge(x, torch.ones(5).long()).tolist() == [0, 1, 1, 1, 0]


def test_who_hardly_changed_is_the_same_and_who_became_another_is_not() -> None:
    found = record()
    features = nn.Flatten()
    apart = strangers(features, found.factual)
    rules = identity_rules(features, apart)
    rule = rules["{}_identity_distance"]
    others = replace(found, counterfactual=found.factual.roll(1, 0))

    assert len(apart) == 15
    assert rule(replace(found, counterfactual=found.factual + 1e-3)) == 1
    assert rules["{}_identity_ratio"](others) == pytest.approx(1, abs=0.3)
    assert rule(others) < 0.5


def test_the_key_tells_which_counterfactual_is_above(tmp_path: Path) -> None:
    found = record()
    pair = {
        "black": replace(found, counterfactual=0 * found.factual),
        "white": replace(found, counterfactual=0 * found.factual + 1),
    }
    path = tmp_path / "blind.png"
    blind_sheet(pair, ("black", "white"), path)
    drawn = torch.tensor(list(Image.open(path).convert("L").get_flattened_data()))
    picture = drawn.reshape(2 * 3 * 6, 2 * 6 * 6)
    upper = picture[18, 6::12]

    assert set(json.loads(path.with_suffix(".json").read_text())) == set(pair)
    assert ["white" if each else "black" for each in upper.tolist()] == json.loads(
        path.with_suffix(".json").read_text()
    )


def test_what_was_kept_for_some_coordinates_is_not_taken_for_their_residual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path / "cache"))
    x = record().factual
    few = principal_axes(x, count=2)
    places: dict[str, Coordinates] = {"lossy": few, "kept": Residual(few)}
    found = found_in(
        x, lambda x: 9 * x.flatten(1)[:, :2], places, target=1, run=Run(50)
    )

    assert torch.equal(found["lossy"].start, found["lossy"].reconstruction)
    assert torch.allclose(found["kept"].start, x)
    assert not torch.allclose(
        found["lossy"].counterfactual, found["kept"].counterfactual
    )


def test_what_was_kept_for_one_network_is_not_taken_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIFFEO_CACHE", str(tmp_path / "cache"))
    x, goal = record().factual, TargetClass(1)
    found = [
        searched(
            diffeomorphic(),
            x,
            lambda x: 9 * x.flatten(1)[:, :2],
            PLACE,
            goal,
            Run(50, closest=(FeatureDistance(network),)),
        )
        for network in (lambda x: x.flatten(1)[:, :1], lambda x: x.flatten(1)[:, 1:])
    ]
    one, other = (each.counterfactual.flatten(1) - x.flatten(1) for each in found)

    assert (one[:, 0].abs() < other[:, 0].abs()).all()
    assert (one[:, 1].abs() > other[:, 1].abs()).all()


def test_all_places_are_given_the_same_images_and_target() -> None:
    x = record().factual
    found = found_in(
        x, lambda x: 9 * x.flatten(1)[:, :2], {"same": PLACE}, target=1, run=Run(50)
    )

    assert list(found) == ["same", "data"]

    for each in found.values():
        assert torch.equal(each.factual, x)
        assert each.target.tolist() == [1] * len(x)
        assert each.reached.all()
