from pathlib import Path

from reproduction.celeba.two_commands import CELEBA_TWO_COMMANDS
from reproduction.experiment import ExperimentOptions


def test_a_folder_and_another_s_classifier_need_two_commands(
    data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ExperimentOptions(out, data, quick=True, progress=False)
    results = CELEBA_TWO_COMMANDS.run(options)

    assert 0 <= results["reached"] <= 1
    assert results["area_of_mouth"] < 0.1
    assert (out / "gallery.png").is_file()
