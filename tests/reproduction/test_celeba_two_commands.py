from pathlib import Path

from reproduction.celeba.two_commands import CELEBA_TWO_COMMANDS
from reproduction.experiment import ExperimentOptions


def test_a_folder_and_another_s_classifier_need_two_commands(
    data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ExperimentOptions(out, data, quick=True, progress=False)
    results = CELEBA_TWO_COMMANDS.run(options)

    fitted = ("glow", "flow_matching", "vae")

    for name in (*fitted, *(f"{name}_closest" for name in fitted), "data"):
        assert 0 <= results[f"{name}_reached"] <= 1
        assert {f"{name}_second_cnn", f"{name}_change_in_mouth"} <= results.keys()

    assert all(" " not in key for key in results)
    assert results["area_of_mouth"] < 0.1
    assert (out / "gallery.png").is_file()
