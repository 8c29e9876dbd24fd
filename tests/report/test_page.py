import csv
import math
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, Outcome, Typicality
from diffeo.explain import explain
from diffeo.models.flow.recipes import realnvp
from diffeo.objectives import AtLeast, TargetClass
from diffeo.report import Measure, ReportOptions, write_report
from diffeo.report.cards import features, pictures, thumbnail
from diffeo.search import Run, search
from laws import images, tiny_classifier, tiny_flow
from mirrored import asked, record_of, synthetic, with_paths
from unchecked import unchecked_calls

NAME = "<script>alert(1)</script>"
Records = dict[str, Counterfactuals]


@pytest.fixture(scope="module")
def record() -> Counterfactuals:
    return explain(
        images(3),
        tiny_classifier(3),
        tiny_flow(),
        target=2,
        confidence=0.9,
        ascent=NormalizedGradient(0.2),
        run=Run(steps=10, path=True),
    )


@pytest.fixture
def without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no charts, which takes longer than all else of a page."""

    monkeypatch.setattr("diffeo.report.page._charts", lambda *_: [])


def page_of(
    records: Records, folder: Path, options: ReportOptions | None = None
) -> str:
    return write_report(records, folder, options).read_text(encoding="utf-8")


def outcomes(*codes: Outcome) -> Tensor:
    return torch.tensor(codes).long()


def test_the_page_shows_every_row_of_every_record(
    record: Counterfactuals, tmp_path: Path
) -> None:
    page = page_of({"Z": record, "X": record}, tmp_path)

    assert page.count('alt="input x"') == 3
    assert page.count('alt="x′"') == page.count('alt="x′ − x"') == 3 * 2
    assert page.count('<article class="card"') == 3
    assert page.count('<section class="method"') == 3 * 2
    assert page.count("<tr data-row") == 3 * 2


def test_the_page_is_made_of_what_is_on_disk(
    record: Counterfactuals, tmp_path: Path
) -> None:
    numbers = torch.arange(3.0)
    record = replace(record, statements={"distance_before": numbers, "angle": numbers})
    record.save(tmp_path / "record.safetensors")
    loaded = Counterfactuals.load(tmp_path / "record.safetensors")
    options = ReportOptions(coordinates={"Z": Bounded(tiny_flow())})
    (tmp_path / "again").mkdir()

    assert page_of({"Z": loaded}, tmp_path / "again", options) == page_of(
        {"Z": record}, tmp_path, options
    )


def test_the_page_needs_no_file_but_the_tables_beside_it(
    record: Counterfactuals, tmp_path: Path
) -> None:
    options = ReportOptions(
        coordinates={"Z": Bounded(tiny_flow())},
        measures=[
            Measure("m", "Z", 0.5, 0.4, 0.6, higher_is_better=True, how_to_read=".")
        ],
    )
    page = page_of({"Z": record, "X/Y": record}, tmp_path, options)
    outside = set(re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"', page))

    assert outside == {"summary-1-Z.csv", "summary-2-X-Y.csv"}
    assert {path.name for path in tmp_path.iterdir()} == outside | {"report.html"}
    assert not re.search(r"https?://|@import|fetch\(|url\((?!data:|#)", page)


def test_names_are_shown_as_they_are(record: Counterfactuals, tmp_path: Path) -> None:
    named = replace(
        record, settings={**record.settings, NAME: NAME, "model": {"name": NAME}}
    )
    named = replace(named, names=(NAME,) * 3)
    options = ReportOptions(
        title=NAME,
        question=NAME,
        classes=("zero", "one", NAME),
        measures=[
            Measure(NAME, NAME, 0.5, 0.4, 0.6, higher_is_better=True, how_to_read=NAME)
        ],
        notes=(NAME,),
    )
    page = page_of({NAME: named}, tmp_path, options)

    assert NAME not in page
    assert page.count("<script>") == 1
    assert "&lt;script&gt;" in page


@pytest.mark.usefixtures("without_charts")
def test_features_are_shown_as_they_are_named(tmp_path: Path) -> None:
    record = record_of(synthetic(2, (1, 2, 2), noise=0.1).flatten(1))
    names = (NAME, "age", "height", "weight")
    page = page_of({"Z": record}, tmp_path, ReportOptions(features=names))

    assert NAME not in page
    assert page.count('<th scope="row">age</th>') == 2


def test_names_must_be_one_for_each_class_and_feature(
    record: Counterfactuals, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="3 classes, got 2 names"):
        page_of({"Z": record}, tmp_path, ReportOptions(classes=("zero", "one")))

    with pytest.raises(ValueError, match="16 features, got 2 names"):
        page_of({"Z": record}, tmp_path, ReportOptions(features=("a", "b")))


@pytest.mark.usefixtures("without_charts")
def test_rows_are_called_by_the_names_of_their_sources(
    record: Counterfactuals, tmp_path: Path
) -> None:
    failed = outcomes(Outcome.REACHED, Outcome.EXHAUSTED, Outcome.REACHED)
    named = replace(record, names=("a.png", "b.png", "c.png"), outcome=failed)
    page = page_of({"Z": named}, tmp_path)

    assert page.count("<h3>b.png</h3>") == 1
    assert '<a href="#row-1">b.png</a>' in page
    assert page.count('<td data-v="1"><a href="#row-1">b.png</a></td>') == 1
    assert "No." not in page


@pytest.mark.usefixtures("without_charts")
def test_untypical_and_failed_rows_are_told_with_their_reason(
    record: Counterfactuals, tmp_path: Path
) -> None:
    doubted = replace(
        record,
        typical=torch.tensor([0, 1, 1]),
        outcome=outcomes(Outcome.REACHED, Outcome.EXHAUSTED, Outcome.NONFINITE),
    )
    page = page_of({"Z": doubted}, tmp_path)
    reasons = re.findall(r"<li><a href=\"#row-(\d)\">.*?</span>: (.*?)</li>", page)

    assert [row for row, _ in reasons] == ["0", "1", "2"]
    assert "untypical" in reasons[0][1]
    assert "ran out of steps; its best point has confidence" in reasons[1][1]
    assert "not finite" in reasons[2][1]
    assert page.count('<p class="doubt">') == 1


@pytest.mark.usefixtures("without_charts")
@pytest.mark.parametrize(
    ("typical", "said", "unsaid"),
    [
        ([1, 1, 1], "every input is typical of", "is not known"),
        ([-1, -1, -1], "knows is not known.", "every input is typical of"),
        ([1, -1, 1], "knows is not known of all.", "every input is typical of"),
    ],
)
def test_inputs_are_typical_only_where_that_is_known(
    record: Counterfactuals, tmp_path: Path, typical: list[int], said: str, unsaid: str
) -> None:
    sound = replace(
        record,
        outcome=outcomes(*[Outcome.REACHED] * 3),
        typical=torch.tensor(typical),
    )
    page = page_of({"Z": sound}, tmp_path)

    assert "None: every search reached its target" in page
    assert said in page
    assert unsaid not in page
    assert page.count("<td>not known</td>") == typical.count(Typicality.UNKNOWN)


@pytest.mark.usefixtures("without_charts")
def test_a_search_without_typicality_does_not_call_its_inputs_typical(
    tmp_path: Path,
) -> None:
    found = search(
        images(3),
        tiny_classifier(3),
        TargetClass(2, confidence=0.5),
        tiny_flow(),
        NormalizedGradient(0.2),
        Run(steps=10),
    )

    assert "is typical" not in page_of({"Z": found}, tmp_path)


@pytest.mark.usefixtures("without_charts")
def test_an_interrupted_search_is_told_prominently(
    record: Counterfactuals, tmp_path: Path
) -> None:
    stopped = outcomes(Outcome.REACHED, Outcome.INTERRUPTED, Outcome.INTERRUPTED)
    notes = ("The judges were hardly trained.",)
    page = page_of(
        {"Z": replace(record, outcome=stopped)}, tmp_path, ReportOptions(notes=notes)
    )
    shown = re.findall(r'<p class="note">(.*?)</p>', page.partition("<main>")[0])

    assert shown == [
        "The judges were hardly trained.",
        "The search was interrupted: 1 of 3 rows are finished.",
    ]


@pytest.mark.usefixtures("without_charts")
def test_a_path_left_out_is_explained(record: Counterfactuals, tmp_path: Path) -> None:
    records = {
        "none": replace(record, paths=()),
        "not given": record,
        "other": record,
        "found": record,
    }
    places: dict[str, Coordinates] = {
        "other": tiny_flow(realnvp),
        "found": Bounded(tiny_flow()),
    }
    page = page_of(records, tmp_path, ReportOptions(coordinates=places))

    assert "No path is shown for none: the record holds no path" in page
    assert "No path is shown for not given: its coordinates were not given" in page
    assert "No path is shown for other: coordinates must" in page
    assert "No path is shown for found" not in page
    assert page.count('type="range"') == 3


@pytest.mark.usefixtures("without_charts")
def test_a_path_tells_what_is_known_at_each_step(
    record: Counterfactuals, tmp_path: Path
) -> None:
    places = {"Z": Bounded(tiny_flow())}
    page = page_of({"Z": record}, tmp_path, ReportOptions(coordinates=places))
    last = int(record.steps[0])

    assert f'alt="step {last} of {last} · confidence ' in page


def test_metrics_tell_direction_interval_and_how_to_read_them(
    record: Counterfactuals, tmp_path: Path
) -> None:
    sentence = "The share of rows that an oracle takes for the target."
    measures = [
        Measure("oracle", "Z", 0.8, 0.7, 0.9, True, sentence),  # noqa: FBT003
        Measure("oracle", "real", 0.9, 0.8, 0.95, True, sentence, control=True),  # noqa: FBT003
        Measure("L2", "Z", 5.0, math.nan, math.nan, None, "."),
    ]
    page = page_of({"Z": record}, tmp_path, ReportOptions(measures=measures))
    metrics = page.partition('<section id="metrics">')[2].partition("</section>")[0]

    assert metrics.count('<figure class="chart">') == metrics.count("<svg") == 2
    assert page.count(sentence) == 1
    assert "0.7 to 0.9" in metrics
    assert metrics.count("higher is better<") == 1
    assert metrics.count("neither way is better") == 1
    assert "nan" not in metrics


def test_a_regressors_record_is_told_in_its_values(tmp_path: Path) -> None:
    record = search(
        images(3),
        tiny_classifier(1),
        AtLeast(0.6),
        tiny_flow(),
        NormalizedGradient(0.1),
        Run(steps=5, path=True),
    )
    told = asked(record, {"name": "Between", "low": 0.6, "high": None})
    places = {"Z": tiny_flow()}
    page = page_of({"Z": told}, tmp_path, ReportOptions(coordinates=places))

    assert "make the model answer at least 0.6?" in page
    assert "value before" in page
    assert re.search(r'alt="step \d+ of \d+ · answer -?\d', page)


@pytest.mark.usefixtures("without_charts")
@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [(3.5, None, "at least 3.5"), (None, 1.2, "at most 1.2"), (2.45, 2.55, "between")],
)
def test_the_headline_of_a_regressor_tells_its_interval(
    tmp_path: Path, low: float | None, high: float | None, wanted: str
) -> None:
    record = record_of(synthetic(2, (1, 8, 8), noise=0.1))
    record = replace(
        asked(record, {"name": "Between", "low": low, "high": high}),
        outputs_before=torch.zeros(2),
        outputs_after=torch.ones(2),
    )
    page = page_of({"Z": record}, tmp_path)

    assert f"<h1>What would make the model answer {wanted}" in page


def test_an_objective_of_ones_own_is_shown_with_its_margins(tmp_path: Path) -> None:
    record = with_paths(record_of(synthetic(2, (1, 8, 8), noise=0.1)))
    record = asked(record, {"name": "Bright", "weight": 2})
    places = {"Z": Identity((1, 8, 8))}
    page = page_of({"Z": record}, tmp_path, ReportOptions(coordinates=places))

    assert "make the model meet Bright(weight=2)?" in page
    assert "The model says <strong>2, -2</strong>" in page
    assert "margin <b>1</b>" in page
    assert 'alt="step 8 of 8 · margin past the target 0"' in page


@pytest.mark.usefixtures("without_charts")
@pytest.mark.parametrize(("shape", "name"), [((16,), "7"), ((5, 2, 2), "1, 1, 1")])
def test_data_that_are_no_images_show_the_values_that_changed_most(
    tmp_path: Path, shape: tuple[int, ...], name: str
) -> None:
    x = synthetic(3, (1, 5, 4), noise=0.1).flatten(1)[:, : math.prod(shape)]
    after = x.clone()
    after[:, 7] += 0.5
    record = replace(
        with_paths(record_of(x)),
        factual=x.reshape(3, *shape),
        reconstruction=x.reshape(3, *shape),
        counterfactual=after.reshape(3, *shape),
    )
    places = {"Z": Identity(shape)}
    page = page_of({"Z": record}, tmp_path, ReportOptions(coordinates=places))
    first = page.partition('<table class="features">')[2].partition("</table>")[0]
    assert "so there are no pictures" in page
    assert "No path" not in page
    assert re.findall(r'<th scope="row">(.*?)</th>', first)[0] == name
    assert "+0.5</td>" in first
    assert page.count("<tr data-row") == 3


def lossy_of(exact: Counterfactuals) -> Counterfactuals:
    """The record of coordinates that lose a tenth of each image."""

    return replace(exact, reconstruction=0.9 * exact.factual)


@pytest.mark.usefixtures("without_charts")
def test_differences_are_to_the_reconstruction_where_it_is_another(
    tmp_path: Path,
) -> None:
    exact = record_of(synthetic(2, (3, 8, 8), noise=0.1))
    lossy = lossy_of(exact)
    page = page_of({"exact": exact, "lossy": lossy}, tmp_path)
    lengths = lossy.change_length[0], lossy.reconstruction_error[0]
    change, error = (f"{length.item():#.3g}" for length in lengths)

    assert page.count('alt="reconstruction r"') == 2
    assert page.count('alt="x′ − r"') == page.count('alt="x′ − x"') == 2
    assert page.count(">approximately encoded<") == 2
    assert page.count('<figure class="start">') == 2
    assert f"‖x′ − r‖ = {change}" in page
    assert f"‖r − x‖ = {error}" in page
    assert "x′ − r or x</span>" in page


@pytest.mark.usefixtures("without_charts")
def test_differences_are_to_the_input_where_what_is_lost_is_kept(
    tmp_path: Path,
) -> None:
    lossy = lossy_of(record_of(synthetic(2, (3, 8, 8), noise=0.1)))
    named = {"name": "Bounded", "coordinates": {"name": "Residual"}}
    kept = replace(lossy, settings={**lossy.settings, "coordinates": named})
    page = page_of({"kept": kept}, tmp_path)

    assert page.count('alt="reconstruction r"') == page.count('alt="x′ − x"') == 2
    assert 'alt="x′ − r"' not in page
    assert '<figure class="start">' not in page


def test_colors_are_those_of_the_change_alone() -> None:
    x = synthetic(2, (3, 8, 8), noise=0.1)
    still = replace(lossy_of(record_of(x)), counterfactual=0.9 * x)
    blank = thumbnail(torch.ones(3, 8, 8))

    assert pictures(still, 1, limit=0.1)["x′ − r"] == blank
    assert features((), still, 1)[0][3] == "+0"


def test_records_of_other_factuals_are_refused(
    record: Counterfactuals, tmp_path: Path
) -> None:
    other = replace(record, factual=1 - record.factual)

    with pytest.raises(ValueError, match="same factuals"):
        page_of({"Z": record, "X": other}, tmp_path)


@pytest.mark.usefixtures("without_charts")
def test_a_record_of_the_first_rows_only_is_shown_beside_the_whole(
    record: Counterfactuals, tmp_path: Path
) -> None:
    short = record.select(torch.tensor([0, 1]))
    page = page_of({"short": short, "whole": record}, tmp_path)

    assert page.count('<section class="method"') == 2 + 3


def test_rows_that_are_not_finite_are_shown(
    record: Counterfactuals, tmp_path: Path
) -> None:
    broken = replace(
        record,
        outputs_after=torch.full_like(record.outputs_after, math.nan),
        counterfactual=torch.full_like(record.counterfactual, math.nan),
        outcome=outcomes(*[Outcome.NONFINITE] * 3),
    )
    page = page_of({"Z": broken}, tmp_path)

    assert page.count("met values that are not finite; its best point") == 3
    assert "<b>" in page


def test_a_record_without_rows_has_a_page(tmp_path: Path) -> None:
    nothing = record_of(synthetic(2, (1, 8, 8), noise=0.1)).select(
        torch.zeros(0, dtype=torch.long)
    )

    assert "<strong>0</strong> of 0" in page_of({"Z": nothing}, tmp_path)


def test_ten_thousand_rows_take_seconds_and_a_small_page(tmp_path: Path) -> None:
    record = record_of(synthetic(10_000, (1, 28, 28), noise=0.3))
    failed = outcomes(*[Outcome.REACHED] * 9_700, *[Outcome.EXHAUSTED] * 300)
    record = with_paths(replace(record, outcome=failed), points=3)
    begun = time.process_time()
    options = ReportOptions(coordinates={"Z": Identity((1, 28, 28))})

    with unchecked_calls():
        page = page_of({"Z": record}, tmp_path, options)

    seconds = time.process_time() - begun

    assert page.count('<article class="card"') == 200
    assert page.count('<section class="method"') == 200
    assert "it shows 200 of 10,000 inputs: 100 of the 300 that failed" in page
    assert len(page.encode()) < 15_000_000
    assert seconds < 60

    with (tmp_path / "summary.csv").open(newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == 10_001


@pytest.mark.parametrize(
    ("rows", "shape", "methods"),
    [(150, (1, 28, 28), 2), (150, (3, 64, 64), 1), (40, (3, 300, 200), 1)],
)
def test_a_page_of_many_pictures_has_at_most_15_megabytes(
    tmp_path: Path, rows: int, shape: tuple[int, int, int], methods: int
) -> None:
    record = with_paths(record_of(synthetic(rows, shape, noise=0.3)), points=3)
    records = {f"method {number}": record for number in range(methods)}
    options = ReportOptions(coordinates=dict.fromkeys(records, Identity(shape)))

    with unchecked_calls():
        page = page_of(records, tmp_path, options)

    assert 30 <= page.count('<article class="card"') <= rows
    assert len(page.encode()) <= 15_000_000


def test_a_missing_extra_is_named_after_the_tables_are_written(
    record: Counterfactuals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffeo.extras.find_spec", lambda _: None)

    with pytest.raises(ModuleNotFoundError, match=r"diffeo\[report\]"):
        write_report({"Z": record}, tmp_path)

    assert (tmp_path / "summary.csv").is_file()


@pytest.mark.usefixtures("without_charts")
def test_the_page_shows_what_was_stated_of_each_row(
    record: Counterfactuals, tmp_path: Path
) -> None:
    angle = torch.tensor([1.5, 20.0, torch.nan])
    other = replace(record, statements={"kkt_angle": angle, "<my>_number": 1e4 * angle})
    page = page_of({"Z": record, "X": other}, tmp_path)

    assert page.count("KKT angle <b>1.5°</b>") == 1
    assert page.count("KKT angle <b>") == 2
    assert page.count("at 0° no nearer counterfactual lies close by") == 1
    assert page.count("&lt;my&gt; number <b>200000</b>") == 1
    assert page.count('<td class="n" data-v="20.0">20°</td>') == 1
    assert page.count('<td class="n" data-v="Infinity">–</td>') == 2 * (3 + 1)


def test_rows_that_are_approximate_are_ranked_by_their_error_too(
    record: Counterfactuals, tmp_path: Path
) -> None:
    error = torch.tensor([torch.nan, 7.0, torch.nan])
    ranks = {"typicality_rank": torch.arange(3.0), "round_trip_rank": error}
    stated = {**ranks, "references": torch.full((3,), 500.0)}
    page = page_of({"Z": replace(record, statements=stated)}, tmp_path)

    assert page.count("less typical than <b>1 of 500</b>") == 1
    assert page.count("less typical than <b>") == 3
    assert page.count("reconstructed worse than <b>7 of 500</b>") == 1
    assert page.count("reconstructed worse than <b>") == 1
