"""Options that are out of range, of another kind, or contradict each other."""

from pathlib import Path
from random import Random

from malformed.rules import Change, Rule

__all__ = ["OPTIONS", "out_of_place"]

NO_WHOLE = "many", "", " ", "1.5", "1e3", "0x10", "nan", "½", "1,5", "-", "None", "1 0"
NO_SEED = *NO_WHOLE, -1, -5, 2**32, 2**63, 10**30
HUGE = 16_385, 10**6, 2**31, 2**63, 10**30
NO_NUMBER = "much", "", " ", "0x10", "½", "1,5", "-", "None", "1e", "1.2.3", "1 0"
NO_LIST = tuple(text for text in NO_NUMBER if text != "1,5")
NO_CHOICE = "", " ", "none", "AUTO", "0", "auto,", "full!", "\x00"
NO_NAME = (
    "nothing",
    "nothing.safetensors",
    "nothing.py:load",
    "no/nothing",
    "nothing\x00",
)
NO_FILE = "nothing", "no/thing.txt", ".", "nothing\x00", "/proc/nothing"
NO_DEVICE = "", "tpu", "meta", "cuda:99", "gpu", "cpu:x", "mps", "\x00", "CPU"


def given(name: str, *values: object, named: str = "") -> Rule:
    """A rule that gives one of some values to an option."""

    def change(random: Random, _: Path) -> Change:
        return Change({name: random.choice(values)}, named or name)

    return change


def whole(name: str, least: int = 1, named: str = "") -> Rule:
    """A rule that gives to an option what is no whole number, or one too small."""

    def change(random: Random, _: Path) -> Change:
        if random.random() < 0.5:
            return Change({name: random.choice(NO_WHOLE)}, name)

        below = random.choice((1, random.randint(2, 99), 10 ** random.randint(2, 40)))

        return Change({name: least - below}, named or name)

    return change


def real(name: str, low: float = 0.0, high: float | None = None) -> Rule:
    """A rule that gives to an option what is no number strictly between bounds."""

    def change(random: Random, _: Path) -> Change:
        outside = [low, low - random.random() * 10 ** random.randint(-3, 9)]
        outside += [] if high is None else [high, high + random.random()]
        none = ("nan", "inf", "-inf", random.choice(NO_NUMBER))

        return Change({name: random.choice((*outside, *none))}, name)

    return change


def together(named: str, **options: object) -> Rule:
    """A rule that gives options that contradict each other."""

    return lambda *_: Change(options, named)


def out_of_place(random: Random, folder: Path) -> Change:
    """The results are to lie where there is a file, or where other files are."""

    full, file = folder / f"full{random.randrange(99)}", folder / "file"
    full.mkdir()
    name = f"{random.choice('abc')}{random.randrange(99)}.safetensors"
    (full / name).touch()
    file.touch()
    place = random.choice((file / name, file / "deep" / name, full / name / name, full))

    return Change(
        {"out": place}, full.name if full in (place, *place.parents) else "file"
    )


GOALS = (
    given("target", -1, 3, 10**30, "cat", "1.0", "", " ", "1,2", "-", "two", "None"),
    real("confidence", 0.0, 1.0),
    *(
        together("--target and", target=1, **{name: value})
        for name in ("at_least", "at_most", "near", "within")
        for value in (0.5, 1)
    ),
    *(
        given(name, "nan", "inf", "-inf", "much", "", "1,5", named=f"--{name}")
        for name in ("at_least", "at_most", "near", "within")
    ),
    together("--near", target=None, near=1),
    together("--within", target=None, within=1),
    together("--at-least and --at-most", target=None, at_least=1, at_most=2),
    together("--confidence", target=None, confidence=0.9),
    together("none", target=None),
)
SEARCHES = (
    real("rate"),
    whole("steps"),
    whole("restarts", 0),
    whole("batch_size"),
    given("smoothed", -1e-9, -1, "nan", "inf", "-inf", named="spread"),
    given("smoothed", *NO_NUMBER),
    whole("certify", named="draws"),
    given("seed", *NO_SEED),
    *(
        given(name, *NO_CHOICE)
        for name in ("closest", "backward", "precision", "inversion", "model_outputs")
    ),
    given("agree", *NO_NAME, named="nothing"),
    given("judge", *NO_NAME, named="nothing"),
    given("held", "nothing", "nothing.py:load", named="--band"),
    given("band", -1, 0, "nan", 0.5, named="--held"),
    given("band", *NO_NUMBER),
    given("mask", *NO_FILE, named="mask"),
    given("typical_of", *NO_FILE, named="data"),
    together("table", frozen="age"),
    together("table", only_up="age", only_down="wage"),
)
INPUTS = (
    whole("model_size", named="size"),
    given("model_size", *HUGE, named="size"),
    *(
        given(name, *NO_LIST, "nan", "inf", "1,,2", "0.5,", "imagenet,1")
        for name in ("model_mean", "model_std")
    ),
    given("model_std", "0", "-1", "0.5,0.5", "0.5,0", "1,1,1", named="std"),
)
IMAGES = (
    whole("resize"),
    given("resize", *HUGE),
    whole("crop"),
    given("crop", *range(5, 99), *HUGE),
    given("data", *NO_FILE[:2], named="data"),
    given("device", *NO_DEVICE),
    given("nonsense", *range(99), named="--nonsense"),
)
MODEL = given("model", *NO_NAME, named="nothing")
COORDINATES = given("coordinates", *NO_NAME, named="nothing")
CLASSES = given("classes", *NO_FILE, named="classes")
TRAININGS = (
    given("seed", *NO_SEED),
    whole("epochs"),
    given("nonsense", *range(99), named="--nonsense"),
)

OPTIONS: dict[str, tuple[Rule, ...]] = {
    "explain": (
        *GOALS,
        *SEARCHES,
        *INPUTS,
        *IMAGES,
        whole("limit"),
        MODEL,
        COORDINATES,
        CLASSES,
    ),
    "explain a table": (
        *(
            given(
                name,
                "height",
                "Age",
                "age;wage",
                ",",
                "age,",
                "age,,wage",
                named="column",
            )
            for name in ("frozen", "only_up", "only_down")
        ),
        given("only_up", "color", "color,age", named="color"),
        given("only_down", "color", "wage,color", named="color"),
        *(
            together("--" + name.replace("_", "-"), **{name: value})
            for name, value in {
                "resize": 4,
                "crop": 4,
                "mask": "mask.png",
                "residual": True,
                "certify": 100,
                "typical_of": "digits",
                "model_size": 8,
                "inversion": "pixels",
            }.items()
        ),
        whole("limit"),
        given("target", 3, -1, "red", 10**30),
        COORDINATES,
        MODEL,
    ),
    "check": (
        *IMAGES,
        whole("limit"),
        COORDINATES,
        given("inversion", *NO_CHOICE),
        given("inversion", "pixels", "encoder", "features"),
    ),
    "spectrum": (*IMAGES, whole("limit"), COORDINATES),
    "audit": (
        *IMAGES,
        *INPUTS,
        MODEL,
        COORDINATES,
        CLASSES,
        whole("sample"),
        whole("steps"),
        real("confidence", 0.0, 1.0),
        given("compare", *NO_FILE, named="compare"),
        given("regions", *NO_FILE[:2], named="data"),
        given("seed", *NO_SEED),
    ),
    "evaluate": (
        *IMAGES[:2],
        *IMAGES[4:],
        given("data", *NO_FILE, named="data"),
        MODEL,
        COORDINATES,
    ),
    "report": (
        whole("gif", 0, named="row"),
        given("gif", *range(6, 99), named="row"),
        CLASSES,
        COORDINATES,
        *IMAGES[4:],
    ),
    "fit": (
        *TRAININGS,
        real("minutes"),
        whole("size", named="resize"),
        whole("crop"),
        given("crop", *range(5, 99)),
        given("size", 1, 3, 5, 7, 9, 11, 13, named="even"),
        given("device", *NO_DEVICE),
        together("--given", given="age"),
        together("--target", target="age"),
        together("--categories", categories="age"),
    ),
    "fit a table": (
        *TRAININGS,
        real("minutes"),
        *(
            given(name, "height", "Age", ",", "age,", "age;wage", named="column")
            for name in ("target", "categories", "given")
        ),
        together("column", target="age,wage,color"),
        together("given", target="age", given="age"),
        together("--size", size=4),
        together("--crop", crop=4),
        given("device", *NO_DEVICE),
    ),
    "train": (
        *TRAININGS,
        whole("batch_size"),
        whole("resize"),
        whole("crop"),
        given("crop", *range(13, 99)),
    ),
    "demo": (given("nonsense", *range(99), named="--nonsense"),),
}
"""Rules of options, by what is asked for."""
