import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from diffeo import zoo
from diffeo.data.chexpert import chexpert
from diffeo.data.xrays import XRays
from records import record
from reproduction.__main__ import app
from reproduction.chest import experiment
from reproduction.chest.change import change_results
from reproduction.chest.experiment import CHEST_XRAY
from reproduction.chest.organs import ORGANS, organ_masks
from reproduction.chest.ratio import cardiothoracic_ratio, found_organs, largest_pieces
from reproduction.chest.training import DRAWN, SIZE, has_masks, measured, overlaps
from reproduction.domain import DATA, LATENT, trained
from reproduction.experiment import ExperimentOptions


def masks(heart: slice, left: slice, right: slice) -> torch.Tensor:
    found = torch.zeros(1, len(ORGANS), 10, 20, dtype=torch.bool)

    for mask, columns in zip(found[0], (heart, left, right), strict=True):
        mask[4:6, columns] = True

    return found


def test_the_ratio_is_of_widths_and_unknown_without_an_organ() -> None:
    some = masks(slice(8, 13), slice(11, 19), slice(1, 9))
    none = masks(slice(0, 0), slice(11, 19), slice(1, 9))

    assert cardiothoracic_ratio(some).item() == pytest.approx(5 / 18)
    assert cardiothoracic_ratio(none).isnan().all()
    assert cardiothoracic_ratio(torch.cat((none, some)))[1].item() == pytest.approx(
        5 / 18
    )


def test_stray_pixels_do_not_widen_an_organ() -> None:
    clean = masks(slice(8, 13), slice(11, 19), slice(1, 9))
    stray = clean.clone()
    stray[0, 0, 0, 19] = True

    assert torch.equal(largest_pieces(stray), clean)
    assert torch.equal(largest_pieces(clean), clean)
    assert torch.equal(largest_pieces(~clean | clean), ~clean | clean)


def test_organs_are_found_where_a_network_is_sure() -> None:
    class Sure(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x - 0.5).expand(-1, 3, -1, -1)

    x = torch.zeros(2, 1, 10, 20)
    x[:, :, 3:5, 4:9] = 1
    found = found_organs(Sure(), x)

    assert found.sum((2, 3)).tolist() == [[10] * 3] * 2
    assert overlaps(Sure(), x, found)["validation_dice_heart"] == 1


def test_half_of_a_growth_in_z_is_compared_with_that_in_x_row_by_row() -> None:
    x = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    found = {name: record(x, 1 - x) for name in (LATENT, DATA)}
    in_x = torch.tensor([0.0, 0.1, -0.2, 0.3], dtype=torch.float64)
    grown = {LATENT: 2 * in_x + 0.02, DATA: in_x}
    results = change_results(torch.nn.Conv2d(1, len(ORGANS), 1), found, grown)

    for end in ("", "_low", "_high"):
        assert results[f"ctr_half_latent_minus_data{end}"] == pytest.approx(0.01)


def test_real_masks_give_the_ratio_that_the_labels_were_made_of(data: Path) -> None:
    xrays = chexpert("validation", data, size=SIZE).from_sources(*DRAWN)
    ratio = cardiothoracic_ratio(organ_masks(xrays, data))

    assert ((ratio > 0.5) == xrays.labels.bool()).double().mean() > 0.9


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """A folder in the layout of CheXpert itself: patients, one source, no masks."""

    for split, name in (("train", "train.csv"), ("valid", "valid.csv")):
        rows = ["Path,Frontal/Lateral,Cardiomegaly"]

        for patient in range(4):
            file = f"{split}/patient0000{patient}/study1/view1_frontal.jpg"
            (tmp_path / file).parent.mkdir(parents=True)
            Image.new("L", (39, 32), 60 * patient).save(tmp_path / file)
            rows.append(f"CheXpert-v1.0-small/{file},Frontal,{patient % 2}.0")

        (tmp_path / name).write_text("\n".join([*rows, ""]))

    return tmp_path


def test_all_x_rays_are_taken_where_no_source_has_masks(official: Path) -> None:
    xrays = chexpert("train", official, size=16)

    assert not has_masks(xrays)
    assert measured(xrays).files == xrays.files


def test_only_those_of_sources_with_masks_are_taken_where_there_are_any() -> None:
    files = "train/jsrt/a.png", "train/nih/b_1.png", "train/wingspan/c.png"
    pixels = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    xrays = XRays(pixels, torch.tensor([0, 1, 1]), "Cardiomegaly", files)

    assert has_masks(xrays)
    assert measured(xrays).files == (files[0], files[2])


def test_organs_cannot_be_learned_without_masks(official: Path, tmp_path: Path) -> None:
    words = "train chest-unet --epochs 1 --quiet"
    places = ["--data", str(official), "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, [*words.split(), *places])

    assert found.exit_code != 0
    assert "must have masks of heart and lungs" in " ".join(
        f"{found.output} {found.exception}".split()
    )


@pytest.fixture
def few_xrays(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that lists every twelfth training and every third validation image."""

    source, folder = data / "chest-xray", tmp_path / "few" / "chest-xray"
    folder.mkdir(parents=True)
    monkeypatch.setattr(experiment, "QUICK", replace(experiment.QUICK, every=1))

    for name in ("train", "valid", "masks"):
        (folder / name).symlink_to(source / name)

    for name, every in (("train.csv", 12), ("valid.csv", 3)):
        with (source / name).open(newline="") as file:
            header, *rows = csv.reader(file)

        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows[::every]])

    return folder


@pytest.mark.parametrize("name", ["chest-cnn", "chest-unet"])
def test_a_model_trained_anew_is_what_experiments_take_once_it_is_copied(
    name: str, few_xrays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of docs/chest.md, on few images."""

    runs, weights = tmp_path / "runs", tmp_path / "weights"
    weights.mkdir()
    words = f"train {name} --epochs 1 --batch-size 8 --quiet"
    places = ["--data", str(few_xrays), "--out", str(runs / name)]
    found = CliRunner().invoke(app, [*words.split(), *places])

    for path in runs.glob("chest-*/chest-*.*"):
        shutil.copy(path, weights)

    monkeypatch.setattr("reproduction.domain.WEIGHTS", weights)

    assert found.exit_code == 0, found.output
    assert {path.name for path in weights.iterdir()} == {
        f"{name}.safetensors",
        f"{name}.md",
    }
    assert "validation" in " ".join(zoo.card(weights / f"{name}.safetensors").figures)
    assert sum(each.numel() for each in trained(name).parameters()) > 1e5


@pytest.mark.usefixtures("small_models")
def test_hearts_grow_and_chests_are_measured(
    few_xrays: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ExperimentOptions(out, few_xrays, quick=True, progress=False)
    results = CHEST_XRAY.run(options)

    assert {
        "ctr_change_latent_mean_low",
        "ctr_change_data_mean",
        "ctr_change_latent_minus_data",
        "ctr_half_latent_minus_data_low",
        "model_jsrt_accuracy",
        "model_wingspan_balanced_accuracy",
        "source_accuracy",
        "source_shift_latent_high",
        "change_share_heart_latent",
        "area_share_lungs",
        "model_jsrt_balanced_accuracy_low",
        "sparsity_latent_mean",
        "cout_data_mean",
        "oracles_target_latent",
        "tangent_share_data_mean",
        "composition_error_latent_mean",
        "l2_latent_data_mean",
        "across_reached_latent",
        "across_model_turned_data",
        "across_ctr_change_latent_mean_low",
        "validation_dice_heart",
        "oracle_target_latent",
    } <= results.keys()
    assert any(f"{source}_ctr_change_latent_mean_low" in results for source in DRAWN)
    assert results["reached_data"] > 0
    assert "could not be drawn" not in capsys.readouterr().err
    assert {"hearts.png", "growth.png", "change.png", "report.html"} <= {
        path.name for path in out.iterdir()
    }
