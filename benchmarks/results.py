"""The results of every release: kept as JSON, shown as ``RESULTS.md``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import Stamp
from benchmarks.measure import ROOT
from benchmarks.outcome import Outcome, Value
from benchmarks.registry import SPECS, Spec

HISTORY = ROOT / "benchmarks" / "results"
PAGE = ROOT / "benchmarks" / "RESULTS.md"
HEAD = """# Results

Written by `python -m benchmarks` (short ones) and `python -m benchmarks --full`; do not edit.
Ratios against peers, bounds and floors carry the claims; seconds are printed beside them. Machines
are shared and differ: compare CPU seconds, and wall seconds only within one run. Compiled kernels
come from their cache, as after the first plan on a machine. Seeds are the defaults.
"""


def keep(spec: Spec, outcome: Outcome, stamp: Stamp, history: Path = HISTORY) -> None:
    """Store an outcome under its release; an earlier one of the same release is replaced."""
    history.mkdir(parents=True, exist_ok=True)
    path = history / f"{stamp.release}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[spec.name] = {**stamp.to_dict(), **outcome.to_dict()}
    text = json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_page(history: Path = HISTORY, page: Path = PAGE) -> None:
    """Write the page from all that is stored, newest release first."""
    releases = [json.loads(path.read_text(encoding="utf-8")) for path in _newest_first(history)]
    sections = [section for spec in SPECS if (section := _section(spec, releases))]
    page.write_text("\n".join([HEAD, *sections]), encoding="utf-8")


def _newest_first(history: Path) -> list[Path]:
    def key(path: Path) -> list[int]:
        return [int(part) if part.isdigit() else 0 for part in path.stem.split(".")]

    return sorted(history.glob("*.json"), key=key, reverse=True)


def _section(spec: Spec, releases: Sequence[dict[str, Any]]) -> str:
    found = [release[spec.name] for release in releases if spec.name in release]
    if not found:
        return ""
    lines = [f"## {spec.name}", "", f"{spec.what}. Target: {spec.target}. Limit: {spec.limit}.", ""]
    lines += [f"    {spec.command}", ""]
    for run in found:
        verdict = "target met" if run["met"] else "target **not** met"
        lines += [
            f"**{run['release']}**, {run['date']}, commit {run['commit']}: {verdict}.",
            "",
            *_table(run["rows"]),
            "",
            *(f"- {note}" for note in run["footnotes"]),
            f"- {run['machine']}; {run['versions']}",
            "",
        ]
    return "\n".join(lines)


def _table(rows: Sequence[dict[str, Value]]) -> list[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    body = [[show(name, row.get(name)) for name in columns] for row in rows]
    return [
        _line(name.replace("_", " ") for name in columns),
        _line("---:" if _is_number(rows, name) else "---" for name in columns),
        *(_line(cells) for cells in body),
    ]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _is_number(rows: Sequence[dict[str, Value]], name: str) -> bool:
    return any(isinstance(row.get(name), int | float) for row in rows)


def show(name: str, value: Value) -> str:
    """Return a value as text: gaps in percent, large numbers in groups, the rest short."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if name.startswith("gap"):
        return f"{value:.2%}"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"
