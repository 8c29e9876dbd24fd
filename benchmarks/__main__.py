"""Run the benchmarks, print their figures, and add them to the results."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from benchmarks import (
    search_batches,
    search_compaction,
    search_overhead,
    search_precision,
    search_refinement,
    search_time,
)
from benchmarks.curve import curve
from benchmarks.field_search import field_search
from benchmarks.growth import growth
from benchmarks.memory import memory
from benchmarks.peak import peak
from benchmarks.step import step
from benchmarks.training import training
from diffeo.workflows.folders import write_results
from reproduction.provenance import provenance

RESULTS = Path("results/bench")
CODE = "src", "reproduction", "benchmarks"
BENCHMARKS = {
    "time": search_time.measure,
    "overhead": search_overhead.measure,
    "batches": search_batches.measure,
    "compaction": search_compaction.measure,
    "refinement": search_refinement.measure,
    "precision": search_precision.measure,
    "step": step,
    "training": training,
    "peak": peak,
    "memory": memory,
    "field": field_search,
    "growth": growth,
    "curve": curve,
}


def run(
    only: Annotated[
        list[str] | None, typer.Option(help="Run this benchmark; may be repeated.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads of each.")] = 2,
) -> None:
    """Measure ratios, each in one run, and write them to results/bench/results.json.

    Which code measured them is told in provenance.json, for each benchmark.
    """

    torch.set_num_threads(threads)
    console = Console()
    unknown = sorted(set(only or ()) - set(BENCHMARKS))

    if unknown:
        raise typer.BadParameter(
            f"only must be among {', '.join(BENCHMARKS)}, got {', '.join(unknown)}"
        )

    for name in only or BENCHMARKS:
        console.print(f"[bold]{name}")
        origin = provenance(*CODE)  # of the code that runs, before all
        figures = BENCHMARKS[name]()
        _add(figures, "results.json")
        _add({name: origin}, "provenance.json")

        for key, value in figures.items():
            console.print(f"  {key:45} {value:.4g}")


def _add(found: Mapping[str, object], name: str) -> None:
    path = RESULTS / name
    known = json.loads(path.read_text()) if path.is_file() else {}
    write_results({**known, **found}, RESULTS, name)


if __name__ == "__main__":
    typer.run(run)
