"""Output 1: every indicator with interval, class, completeness and where it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from optimiser.analysis.kpi.quantity import Ratio
from optimiser.analysis.kpi.spread import Interval, gum, monte_carlo
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.workflow.disclosure.material import SECTIONS, section_of

DRAWS, SEED = 20_000, 1
"""Draws and seed of the Monte Carlo intervals; both stand in the methods of the report."""
COLUMNS = (
    Column("metric", "Metric", is_key=True),
    Column("category", "Category", is_key=True),
    Column("value", "Value", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("lower", "Lower, worst case", Kind.NUMBER),
    Column("upper", "Upper, worst case", Kind.NUMBER),
    Column("mc_lower", "Lower, Monte Carlo", Kind.NUMBER),
    Column("mc_upper", "Upper, Monte Carlo", Kind.NUMBER),
    Column("period", "Period"),
    Column("reason", "Reason"),
    Column("remarks", "Remarks"),
    Column("gum_lower", "Lower, first order", Kind.NUMBER, is_provenance=True),
    Column("gum_upper", "Upper, first order", Kind.NUMBER, is_provenance=True),
    Column("raw", "Quotient before capping", Kind.NUMBER, is_provenance=True),
    Column("numerator", "Numerator", Kind.NUMBER, is_provenance=True),
    Column("numerator_unit", "Unit of the numerator", is_provenance=True),
    Column("denominator", "Denominator", Kind.NUMBER, is_provenance=True),
    Column("denominator_unit", "Unit of the denominator", is_provenance=True),
    Column("coverage", "Coverage of the interval", Kind.NUMBER, "1", is_provenance=True),
    Column("method", "Method", is_provenance=True),
    Column("input_digest", "Digest of the inputs", is_provenance=True),
    Column("sources", "Sources", is_provenance=True),
)
_TITLES = {
    "measured": "Key figures from meters",
    "modelled": "Key figures from the model",
    "forecast": "Key figures of the future",
}


def kpi_summary(
    ratios: Sequence[Ratio], digest: str, correlations: Mapping[str, float] | None = None
) -> Output:
    """Return the summary: one table for each basis that has an indicator."""
    tables = tuple(
        _table(section, [r for r in ratios if section_of(r.quality) == section], digest,
               correlations)
        for section in SECTIONS
        if any(section_of(ratio.quality) == section for ratio in ratios)
    )  # fmt: skip
    return Output(
        "kpi_summary",
        "Key figures",
        "ISO/IEC 30134, EN 50600-4",
        tables,
        tuple(_findings(ratios)),
        None if tables else "no series of energy is known",
    )


def _table(
    section: str, ratios: Sequence[Ratio], digest: str, correlations: Mapping[str, float] | None
) -> Table:
    rows = [_row(ratio, digest, correlations) for ratio in ratios]
    return make_table(
        f"kpi_summary_{section}", _TITLES[section], section, COLUMNS, rows,
        notes=(
            "Intervals hold 95 %. Worst case: every meter stands anywhere within its accuracy. "
            f"Monte Carlo: {DRAWS:,} draws with seed {SEED}; meters of one group err together.",
        ),
        keep_order=True,
    )  # fmt: skip


def _row(ratio: Ratio, digest: str, correlations: Mapping[str, float] | None) -> dict[str, object]:
    drawn, first = _interval(ratio, correlations), gum(ratio, correlations)
    return {
        "metric": ratio.name,
        "category": ratio.category or "",
        "value": ratio.value,
        "unit": ratio.unit,
        "lower": ratio.lower,
        "upper": ratio.upper,
        "mc_lower": None if drawn is None else drawn.lower,
        "mc_upper": None if drawn is None else drawn.upper,
        "gum_lower": None if first is None else first.lower,
        "gum_upper": None if first is None else first.upper,
        "period": ratio.period,
        "class": ratio.quality.name,
        "completeness": ratio.completeness,
        "reason": ratio.reason,
        "remarks": "; ".join(flag.sentence for flag in ratio.flags) or None,
        "raw": ratio.raw,
        "numerator": ratio.numerator.value,
        "numerator_unit": ratio.numerator.unit,
        "denominator": ratio.denominator.value,
        "denominator_unit": ratio.denominator.unit,
        "coverage": 0.95,
        "method": ratio.method,
        "input_digest": digest,
        "sources": "; ".join(sorted(ratio.sources)),
    }


def _interval(ratio: Ratio, correlations: Mapping[str, float] | None) -> Interval | None:
    try:
        return monte_carlo(ratio, correlations, DRAWS, SEED)
    except ValueError:  # the denominator may be zero within its error
        return None


def _findings(ratios: Sequence[Ratio]) -> Iterable[Finding]:
    given = {_base(ratio) for ratio in ratios if ratio.value is not None}
    for ratio in ratios:
        name = f"{ratio.name}{ratio.category or ''}"
        for flag in ratio.flags:
            if flag.severity != "note":
                level = Level.FAILURE if flag.severity == "error" else Level.FLAG
                yield Finding(f"kpi_summary {name}", level, flag.sentence)
        if ratio.reason == "PARTIAL" and ratio.completeness > 0:
            told = (
                f"{100 * ratio.completeness:.5g} % of the period was seen, which is too little; "
                "--allow-partial gives an interim figure"
            )
            level = Level.FLAG if _base(ratio) in given else Level.FAILURE
            yield Finding(f"kpi_summary {name}", level, told)

    if "PUE" not in given:
        told = "no PUE is known: energy of site and IT were not seen together in the period"
        yield Finding("kpi_summary", Level.FAILURE, told)


def _base(ratio: Ratio) -> str:
    """Return the name that an indicator has in every category and over part of a year."""
    return re.sub(r"^[im]+(?=PUE)", "", ratio.name)
