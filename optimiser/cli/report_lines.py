"""What the terminal says about a written or verified sustainability report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from optimiser.report.disclosure.shown import completeness, decimals_of, shown

if TYPE_CHECKING:
    from optimiser.report.disclosure.table import Disclosure
    from optimiser.workflow.disclosure.explain import Arithmetic
    from optimiser.workflow.disclosure.report import Delivered
    from optimiser.workflow.disclosure.verify import Verified


def figure_rows(disclosure: Disclosure) -> Iterator[tuple[str, ...]]:
    """Yield the key figures as text: name, value, unit, interval, class, completeness."""
    for table in disclosure.output("kpi_summary").tables:
        names = [column.name for column in table.columns]
        for cells in table.rows:
            row = dict(zip(names, cells, strict=True))
            decimals = decimals_of(str(row["metric"]))
            ends = [shown(row[name], decimals) for name in ("lower", "upper")]
            interval = " to ".join(ends) if row["lower"] is not None else ""
            value = shown(row["value"], decimals)
            yield (
                f"{row['metric']}{row['category'] or ''}",
                value if row["value"] is not None else str(row["reason"]),
                "" if row["unit"] == "1" else str(row["unit"]),
                interval,
                str(row["class"]),
                completeness(float(row["completeness"] or 0.0)),
            )


def series_rows(found: Arithmetic) -> Iterator[tuple[str, ...]]:
    """Yield the series behind an indicator as text."""
    for one in found.series:
        amount = one.amount
        value = str(amount.reason) if amount.value is None else f"{amount.value:,.10g}"
        accuracy = "" if one.accuracy_percent is None else f"± {one.accuracy_percent:g} %"
        seen = completeness(amount.completeness)
        yield (one.component, one.series, value, amount.unit, amount.quality.name, seen, accuracy,
               one.place)  # fmt: skip


def summary(made: Delivered, fails_rules: bool) -> dict[str, Any]:
    """Return the answer for machines."""
    snapshot = made.snapshot
    return {
        "folder": str(snapshot.folder),
        "digest": snapshot.digest,
        "version": snapshot.version,
        "is_new": made.is_new,
        "supersedes": made.superseded.version if made.superseded else None,
        "files": sorted(snapshot.outputs),
        "not_passed": [{"gate": f.gate, "text": f.text} for f in made.failures],
        "failed_rules": made.failed_rules,
        "fails_rules": fails_rules,
        "figures": [
            dict(zip([c.name for c in table.columns], row, strict=True))
            for table in made.disclosure.output("kpi_summary").tables
            for row in table.rows
        ],
    }


def verified_told(found: Verified) -> dict[str, Any]:
    """Return what was compared, for machines."""
    return {
        "folder": str(found.snapshot.folder),
        "holds": found.holds,
        "digest": found.snapshot.digest,
        "digest_now": found.digest,
        "touched": list(found.touched),
        "changed_inputs": list(found.inputs),
        "differing": list(found.differing),
        "same": list(found.same),
        "is_same_code": found.is_same_code,
    }


def verified_lines(found: Verified) -> list[str]:
    """Return what was compared, as sentences."""
    lines = [f"touched since it was written: {name}" for name in found.touched]
    lines += [f"other than at the time: {name}" for name in found.inputs]
    lines += [f"comes out otherwise: {name}" for name in found.differing]
    if not found.is_same_code:
        lines.append("another version of the program wrote it (see code in manifest.json)")
    if found.holds:
        lines.append(f"{len(found.same)} files come out byte by byte as they are stored")
    lines.append(f"digest sha256 {found.snapshot.digest}")
    if found.digest != found.snapshot.digest:
        lines.append(f"now           {found.digest}")
    return lines
