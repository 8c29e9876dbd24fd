from pathlib import Path

import pytest
from PIL import Image

from command_line import Ended, flags, run
from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.identity import Identity
from diffeo.objectives import TargetClass
from diffeo.search import Run, search
from laws import SHAPE, images, tiny_classifier

CLASSES = "a\n<b>\nc\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two records of the same images."""

    folder = tmp_path_factory.mktemp("records")

    for name, rate in (("slow", 0.1), ("fast", 0.2)):
        record = search(
            images(3),
            tiny_classifier(3),
            TargetClass(1, confidence=0.9),
            Identity(SHAPE),
            NormalizedGradient(rate),
            Run(steps=6, path=True),
        )
        record.map(lambda value: value.clone()).save(folder / f"{name}.safetensors")

    (folder / "classes.txt").write_text(CLASSES)

    return folder


def report(saved: Path, out: Path, *words: object) -> Ended:
    records = [saved / f"{name}.safetensors" for name in ("slow", "fast")]

    return run("report", *records, "--out", out, *words)


def test_a_report_of_records_alone(saved: Path, tmp_path: Path) -> None:
    ended = report(saved, tmp_path / "out")
    page = (tmp_path / "out/report.html").read_text()

    assert ended.code == 0
    assert ended.stdout.splitlines()[-1] == str(
        (tmp_path / "out/report.html").resolve()
    )
    assert page.count('<section class="method"') == 2 * 3
    assert "answer 1 with a confidence above 0.9?" in page
    assert page.count("its coordinates were not given") == 1  # the same for both


def test_a_report_with_paths_names_and_animations(saved: Path, tmp_path: Path) -> None:
    words = "--coordinates", "data", "--coordinates", "data", "--gif", 0, "--gif", 2
    ended = report(saved, tmp_path / "out", *words, "--classes", saved / "classes.txt")
    page = (tmp_path / "out/report.html").read_text()

    assert ended.code == 0
    assert "answer &lt;b&gt; with a confidence above 0.9?" in page
    assert "No path is shown" not in page
    assert page.count('type="range"') >= 3

    for name in ("slow-0", "slow-2", "fast-0", "fast-2"):
        with Image.open(tmp_path / f"out/{name}.gif") as file:
            assert file.format == "GIF"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--coordinates", "data"), "one for each of 2 records, got 1"),
        (("--gif", "0"), "coordinates must be given"),
        (
            ("--coordinates", "data", "--coordinates", "data", "--gif", "3"),
            "row must be from 0 to 2, got 3",
        ),
        (("--classes", "none.txt"), "classes must be a text file, got none.txt"),
        (
            ("--coordinates", "mnist-flow", "--coordinates", "data"),
            "coordinates must be those of the record",
        ),
    ],
)
def test_bad_wishes_are_told_in_a_sentence(
    saved: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    ended = report(saved, tmp_path / "out", *words)

    assert ended.code == 2
    assert message in ended.stderr
    assert not (tmp_path / "out").exists()


def test_a_record_given_twice_is_refused(saved: Path, tmp_path: Path) -> None:
    ended = report(saved, tmp_path / "out", saved / "slow.safetensors")

    assert ended.code == 2
    assert "different files" in ended.stderr


def explain(tmp_path: Path, names: list[str]) -> Ended:
    (tmp_path / "names.txt").write_text("\n".join(names))

    return run(
        "explain",
        *flags(
            data="digits",
            model="mnist-cnn",
            coordinates="data",
            target=1,
            limit=2,
            steps=3,
            quiet=True,
            classes=tmp_path / "names.txt",
            out=tmp_path / "out",
        ),
    )


def test_explain_names_the_classes_and_tells_model_and_coordinates(
    tmp_path: Path,
) -> None:
    ended = explain(tmp_path, [f"digit <{number}>" for number in range(10)])
    page = (tmp_path / "out/report.html").read_text()

    assert ended.code == 0
    assert "digit &lt;1&gt;" in page
    assert "mnist-cnn" in page
    assert "coordinates: data" in page


def test_explain_refuses_names_of_other_classes_at_once(tmp_path: Path) -> None:
    ended = explain(tmp_path, ["one", "two"])

    assert ended.code == 2
    assert "10 classes, got 2 names" in ended.stderr
    assert not (tmp_path / "out").exists()
