"""Figures drawn coarsely, where they are drawn with care by other tests."""

import pytest
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine


def draw_coarsely(patch: pytest.MonkeyPatch) -> None:
    """Draw figures with few pixels, and parts that may overlap: in half the time."""

    save = Figure.savefig
    patch.setattr(
        Figure,
        "savefig",
        lambda self, path, **how: save(self, path, **(how | {"dpi": 40})),
    )
    patch.setattr(ConstrainedLayoutEngine, "execute", lambda *_: None)


@pytest.fixture(autouse=True)
def coarse_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw all figures so."""

    draw_coarsely(monkeypatch)
