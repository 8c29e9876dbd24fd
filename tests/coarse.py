"""Figures drawn coarsely, where they are drawn with care by other tests."""

import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine


def draw_few_pixels(patch: pytest.MonkeyPatch) -> None:
    """Write figures with few pixels, which takes less time."""

    save = Figure.savefig
    patch.setattr(
        Figure,
        "savefig",
        lambda self, path, **how: save(self, path, **(how | {"dpi": 40})),
    )


def draw_coarsely(patch: pytest.MonkeyPatch) -> None:
    """Write figures with few pixels, and parts that may overlap."""

    draw_few_pixels(patch)
    patch.setattr(ConstrainedLayoutEngine, "execute", lambda *_: None)


@pytest.fixture(autouse=True)
def coarse_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw all figures coarsely."""

    draw_coarsely(monkeypatch)
