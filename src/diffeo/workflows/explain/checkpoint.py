"""The output folder of a search, in which every finished batch is kept."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from diffeo.counterfactuals import Counterfactuals
from diffeo.report.rows import write_table
from diffeo.workflows.folders import PAGE, check_place, write_results

__all__ = ["Checkpoint"]

DRAWN = (PAGE, "counterfactuals.csv", "gallery.png", "along_path.png", "images")
RESULTS = ("request.json", "record.safetensors", "summary.csv", "batches", *DRAWN)


@dataclass(frozen=True)
class Checkpoint:
    """An output folder that a killed search can go on from.

    A finished batch is one file in `batches`, such as `00000-00063.safetensors` for the
    first 64 rows. Once all rows are finished, `record.safetensors` and `summary.csv`
    take their place. What was asked for is in `request.json`.

    Args:
        folder: The output folder; made when there is something to write.
        request: What is asked for, as JSON can hold it.
        rows: Number of inputs.

    Example:
        >>> Checkpoint(Path("out"), {"model": "mnist-cnn"}, rows=16).finished()
        []
    """

    folder: Path
    request: Mapping[str, object]
    rows: int

    @property
    def closed(self) -> bool:
        """Whether all that `close` does is done for all rows."""

        files = self._record.is_file() and (self.folder / "summary.csv").is_file()

        return files and not self._batches.exists()

    @property
    def _record(self) -> Path:
        return self.folder / "record.safetensors"

    @property
    def _batches(self) -> Path:
        return self.folder / "batches"

    def check(self, *, overwrite: bool) -> None:
        """Refuse a folder that holds the results of another request, or other files.

        Args:
            overwrite: Whether the results may be replaced, and files added to others.

        Raises:
            FileExistsError: If it does.
            NotADirectoryError: If the folder cannot be made.
        """

        check_place(self.folder)
        kept = self._kept_request()

        if overwrite or kept == self.request or not self._holds_files():
            return

        keys = [key for key in kept if kept[key] != self.request.get(key)]
        what = f"differs in {', '.join(keys)}" if kept else "holds other files"

        raise FileExistsError(
            f"the output folder must be new or hold this search, got {self.folder}, "
            f"which exists and {what}; choose another, or pass --overwrite to start "
            "anew"
        )

    def finished(self) -> list[Counterfactuals]:
        """Return the records of the rows that are finished, from the first row on."""

        if self._kept_request() != self.request:
            return []

        if self._record.is_file():
            record = Counterfactuals.load(self._record)

            if len(record) == self.rows and record.finished.all():
                return [record]

        files = {
            int(path.stem.split("-")[0]): path
            for path in self._batches.glob("*.safetensors")
        }
        found: list[Counterfactuals] = []
        rows = 0

        while rows in files:
            found.append(Counterfactuals.load(files[rows]))
            rows += len(found[-1])

        return found

    def add(self, record: Counterfactuals, start: int) -> None:
        """Keep a finished batch.

        Args:
            record: Of the batch.
            start: Number of its first row.
        """

        self._prepare()
        name = f"{start:05d}-{start + len(record) - 1:05d}.safetensors"
        record.save(self._batches / name)

    def close(self, record: Counterfactuals, classes: tuple[str, ...]) -> None:
        """Write record and table; drop the batches once all rows are in the record.

        Args:
            record: Of all rows that were searched.
            classes: What the classes are called; their numbers if empty.
        """

        self._prepare()
        record.save(self._record)
        write_table(record, self.folder / "summary.csv", classes)

        if len(record) == self.rows and record.finished.all():
            shutil.rmtree(self._batches, ignore_errors=True)

    def _kept_request(self) -> dict[str, object]:
        """Return the request of the results that are there; empty if there are none."""

        try:
            text = (self.folder / "request.json").read_text(encoding="utf-8")
            kept: dict[str, object] = dict(json.loads(text))
        except (OSError, ValueError, TypeError):
            return {}

        return kept

    def _holds_files(self) -> bool:
        """Return whether there is anything but what a killed process left behind."""

        return self.folder.is_dir() and any(
            path.suffix != ".part" for path in self.folder.iterdir()
        )

    def _prepare(self) -> None:
        """Make the folder this request's, without what was drawn of another record."""

        if self._kept_request() != self.request:
            self._remove(RESULTS)
            write_results(self.request, self.folder, "request.json")

        self._remove(DRAWN)
        self._batches.mkdir(exist_ok=True)

    def _remove(self, names: tuple[str, ...]) -> None:
        for path in (self.folder / name for name in names):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
