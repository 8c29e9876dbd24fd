"""Figures drawn coarsely, where they are drawn with care by other tests."""

from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine


def draw_few_pixels(patch: pytest.MonkeyPatch) -> None:
    """Write figures with few pixels, drawn once, where savefig draws all twice."""

    def save(figure: Figure, path: Path, **_: object) -> None:
        figure.set_dpi(40)
        FigureCanvasAgg(figure).print_png(path)  # type: ignore[no-untyped-call]

    patch.setattr(Figure, "savefig", save)


def lay_out_pictures_only(patch: pytest.MonkeyPatch) -> None:
    """Leave parts of figures within a page as they are, which may overlap."""

    place = ConstrainedLayoutEngine.execute

    def execute(self: ConstrainedLayoutEngine, figure: Figure) -> None:
        if not isinstance(figure.canvas, FigureCanvasSVG):
            place(self, figure)

    patch.setattr(ConstrainedLayoutEngine, "execute", execute)


def draw_coarsely(patch: pytest.MonkeyPatch) -> None:
    """Write figures with few pixels, and parts that may overlap."""

    draw_few_pixels(patch)
    patch.setattr(ConstrainedLayoutEngine, "execute", lambda *_: None)


@pytest.fixture(autouse=True)
def coarse_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw all figures coarsely."""

    draw_coarsely(monkeypatch)
