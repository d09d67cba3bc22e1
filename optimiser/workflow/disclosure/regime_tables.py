"""Outputs 3, 4 and 5: what dated rulesets ask for, which class they give, what they say.

Nothing here knows a threshold or a code; these stand in the rulesets. Rulesets in force and drafts
have tables of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from optimiser.analysis.kpi.classes import check_values, grade, indicator_values
from optimiser.analysis.kpi.practices import practice_states
from optimiser.analysis.kpi.quantity import NO_DATA, Quality, Ratio
from optimiser.analysis.kpi.verdicts import Claim, Fact, Outcome, Verdict, judge, status_of
from optimiser.report.disclosure.table import (
    Column,
    Finding,
    Kind,
    Level,
    Output,
    Table,
    make_table,
)
from optimiser.report.disclosure.words import INDICATIVE
from optimiser.schema.reporting import Reporting
from optimiser.schema.ruleset import Datapoint, Ruleset
from optimiser.workflow.disclosure.figures import Figure, Figures
from optimiser.workflow.disclosure.material import MEASURED

NOT_STATED = "NOT_STATED"
"""Reason: a fact that only the operator knows is not in reporting.yaml."""
_ANNEX = (
    Column("annex", "Annex", is_key=True),
    Column("code", "Code", is_key=True),
    Column("meaning", "Meaning"),
    Column("value", "Value", Kind.NUMBER),
    Column("text", "Text"),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("point", "Measured at"),
    Column("note", "Note"),
    Column("standing", "Standing of the definition", is_provenance=True),
    Column("datapoint", "Our identifier", is_provenance=True),
    Column("method", "Method", is_provenance=True),
    Column("sources", "Sources", is_provenance=True),
)
_GRADES = (
    Column("indicator", "Indicator", is_key=True),
    Column("indicative_class", "Indicative class"),
    Column("value", "Value", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("next_class", "Next class"),
    Column("next_bound", "Its bound", Kind.NUMBER),
    Column("distance", "Distance", Kind.NUMBER),
    Column("amount", "Less of the component", Kind.NUMBER),
    Column("amount_unit", "Unit of the component"),
    Column("class", "Class of the data"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
)
_SECTIONS = (
    Column("number", "Section", is_key=True),
    Column("section", "Title"),
    Column("told", "Told", Kind.COUNT),
    *(
        Column(state, state.replace("_", " ").capitalize(), Kind.COUNT)
        for state in ("implemented", "endorsed", "planned", "not_applicable")
    ),
)
_PRACTICES = (
    Column("number", "Practice", is_key=True),
    Column("section", "Section"),
    Column("state", "State"),
    Column("planned", "Planned for"),
    Column("note", "Note"),
)
_VERDICTS = (
    Column("ruleset", "Ruleset", is_key=True),
    Column("rule", "Rule", is_key=True),
    Column("sentence", "What is asked"),
    Column("verdict", "Verdict"),
    Column("metric", "Figure"),
    Column("operator", "Is"),
    Column("threshold", "Threshold", Kind.NUMBER),
    Column("value", "Value", Kind.NUMBER),
    Column("margin", "Margin", Kind.NUMBER),
    Column("unit", "Unit"),
    Column("holds_for_interval", "Same for the interval", Kind.FLAG),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("status", "Status", is_provenance=True),
    Column("force", "Force", is_provenance=True),
    Column("why", "Why"),
    Column("reason", "Reason", is_provenance=True),
    Column("citation", "Citation"),
    Column("standing", "Standing of the number", is_provenance=True),
    Column("as_of", "As of", is_provenance=True),
)


def annex(
    name: str, title: str, framework: str, rulesets: Sequence[Ruleset], figures: Figures,
    as_of: date,
) -> Output:  # fmt: skip
    """Return the datapoints and indicators of some rulesets, one table for each."""
    tables, findings = [], []
    for ruleset in rulesets:
        if ruleset.datapoints:
            status = "in force" if status_of(ruleset, as_of) == "in_force" else "draft"
            tables.append(_annex_table(name, ruleset, figures, status))
            if status == "in force":
                findings += list(_annex_findings(name, ruleset, figures, tables[-1]))
    if figures.source.section != MEASURED and tables:
        told = "the regime asks for measured values; these are not measured"
        findings.append(Finding(name, Level.FLAG, told))
    reason = None if tables else "no ruleset of the site's jurisdictions asks for it"
    return Output(name, title, framework, tuple(tables), tuple(findings), reason)


def _annex_table(name: str, ruleset: Ruleset, figures: Figures, status: str) -> Table:
    rows = [_point_row(point, figures) for point in ruleset.datapoints]
    rows += [
        _indicator_row(ruleset, code, figures) for code in (i.code for i in ruleset.indicators)
    ]
    notes = [note for note in (f"{ruleset.id}: {ruleset.citation}.", ruleset.notice) if note]
    return make_table(
        f"{name}_{slug(ruleset.id)}", ruleset.title,
        f"{status}, {figures.source.section}", _ANNEX, rows, notes=notes,
        watermark="draft, not in force" if status == "draft" else "", keep_order=True,
    )  # fmt: skip


def slug(text: str) -> str:
    """Return an identifier as part of a table's name."""
    return "".join(c if c.isalnum() else "_" for c in text.lower())


def _point_row(point: Datapoint, figures: Figures) -> dict[str, object]:
    row: dict[str, object] = {
        "annex": point.section, "code": point.code, "meaning": point.title, "unit": point.unit,
        "point": point.measured_at, "note": point.note, "standing": point.standing,
        "datapoint": point.id,
    }  # fmt: skip
    if point.source == "e_it" and figures.it_point:
        row["point"] = figures.it_point
    figure = figures.metrics.get(point.source or "")
    if figure is not None:
        return row | _figure_cells(figure, point.scale)
    return row | _fact_cells(figures.facts.get(point.source or ""), point.scale)


def _figure_cells(figure: Figure, scale: float = 1.0) -> dict[str, object]:
    """Return the cells of a figure, as one value: the regimes know no ranges."""
    return {
        "value": None if figure.value is None else figure.value * scale,
        "class": figure.quality.name, "completeness": figure.completeness,
        "reason": figure.reason, "method": figure.method,
        "sources": "; ".join(sorted(figure.sources)),
    }  # fmt: skip


def _fact_cells(fact: Fact, scale: float) -> dict[str, object]:
    if fact is None or fact == "":
        return {"class": Quality.MISSING.name, "reason": NOT_STATED, "completeness": 0.0}
    told: dict[str, object] = {"class": "STATED", "completeness": 1.0}
    if isinstance(fact, bool):
        return told | {"text": "yes" if fact else "no"}
    if isinstance(fact, (int, float)):
        return told | {"value": fact * scale}
    return told | {"text": f"{fact:%Y-%m}" if isinstance(fact, date) else fact}


def _indicator_row(ruleset: Ruleset, code: str, figures: Figures) -> dict[str, object]:
    one = next(indicator for indicator in ruleset.indicators if indicator.code == code)
    value, reason = indicator_values(ruleset, _values(ruleset, figures))[code]
    parts = [_figure_of(ruleset, name, figures) for name in (*one.numerator, *one.denominator)]
    known = [part for part in parts if part is not None]
    quality = max((part.quality for part in known), default=Quality.MISSING)
    sources = sorted({source for part in known for source in part.sources})
    return {
        "annex": "Annex III", "code": code, "meaning": f"Indicator {code}", "value": value,
        "unit": one.unit, "class": quality.name if value is not None else Quality.MISSING.name,
        "completeness": min((part.completeness for part in known), default=0.0),
        "reason": reason, "note": one.citation, "method": "annex-indicator@1",
        "sources": "; ".join(sources),
    }  # fmt: skip


def _figure_of(ruleset: Ruleset, datapoint: str, figures: Figures) -> Figure | None:
    point = next(one for one in ruleset.datapoints if one.id == datapoint)
    return figures.metrics.get(point.source or "")


def _values(ruleset: Ruleset, figures: Figures) -> dict[str, float | None]:
    """Return the disclosed numbers of a ruleset by datapoint."""
    found: dict[str, float | None] = {}
    for point in ruleset.datapoints:
        figure, fact = (
            figures.metrics.get(point.source or ""),
            figures.facts.get(point.source or ""),
        )
        if figure is not None:
            found[point.id] = None if figure.value is None else figure.value * point.scale
        elif isinstance(fact, (int, float)) and not isinstance(fact, bool):
            found[point.id] = fact * point.scale
    return found


def _annex_findings(
    name: str, ruleset: Ruleset, figures: Figures, table: Table
) -> Iterator[Finding]:
    for flag in check_values(ruleset, _values(ruleset, figures)):
        level = Level.FAILURE if flag.severity == "error" else Level.FLAG
        yield Finding(f"{name} {ruleset.id}", level, flag.sentence)
    cells = (table.column(c) for c in ("code", "value", "text", "reason"))
    lacking = []
    for code, value, text, reason in zip(*cells, strict=True):
        if value is None and text is None:
            lacking.append(str(code))
            if reason is None:
                yield Finding(name, Level.FAILURE, f"{code} has neither value nor reason")
    if lacking:
        told = f"without a value: {', '.join(lacking)}; explain what is left out"
        yield Finding(f"{name} {ruleset.id}", Level.FLAG, told)


def label_preview(rulesets: Sequence[Ruleset], figures: Figures) -> Output:
    """Return the indicative class of each indicator that a draft classes, and the way to the next.

    Never a letter with a colour: operators must not show what looks like the label.
    """
    name, title, framework = "eed_label_preview", "Preview of classes", "C(2026) 3472, draft"
    tables = []
    for ruleset in rulesets:
        rows = []
        for scale in ruleset.scales:
            figure = figures.metrics.get(scale.metric)
            if isinstance(figure, Ratio):
                rows.append(_grade_row(scale.metric, scale, figure))
        if rows:
            tables.append(
                make_table(
                    f"{name}_{slug(ruleset.id)}", ruleset.title,
                    f"draft, {figures.source.section}", _GRADES, rows,
                    notes=(f"{ruleset.id}: {ruleset.citation}. Classes hold their upper bound; the "
                           "unrounded value decides.",),
                    watermark=INDICATIVE, keep_order=True,
                )
            )  # fmt: skip
    reason = None if tables else "no draft of the site's jurisdictions has classes"
    return Output(name, title, framework, tuple(tables), (), reason)


def _grade_row(metric: str, scale: object, figure: Ratio) -> dict[str, object]:
    found = grade(scale, figure)  # type: ignore[arg-type]
    return {
        "indicator": metric.upper(), "value": found.value, "unit": figure.unit,
        "indicative_class": None if found.label is None else f"{found.label} ({INDICATIVE})",
        "next_class": found.next_label, "next_bound": found.next_bound,
        "distance": found.distance, "amount": found.amount, "amount_unit": found.amount_unit,
        "class": figure.quality.name, "completeness": figure.completeness,
        "reason": found.reason or (None if found.label else NO_DATA),
    }  # fmt: skip


def rule_verdicts(
    rulesets: Sequence[Ruleset], figures: Figures, as_of: date, reporting: Reporting
) -> Output:
    """Return what every rule says on the day, rules in force and others apart."""
    name, title, framework = "rule_verdicts", "Rules", "laws, standards, pacts"
    claims = [Claim(one.rule, one.reason) for one in reporting.exemptions]
    found = judge(rulesets, figures.metrics, figures.facts, as_of, claims, reporting.limits)
    section = figures.source.section
    tables = []
    for status, is_wanted in (("in force", True), ("draft", False)):
        rows = [_verdict_row(v, figures) for v in found if (v.status == "in_force") == is_wanted]
        if rows:
            tables.append(
                make_table(
                    f"{name}_{status.replace(' ', '_')}", f"Rules, {status}",
                    f"{status}, {section}", _VERDICTS, rows,
                    notes=(f"Verdicts as of {as_of} on unrounded values: which rule is met on "
                           "these data, and no statement beyond that.",),
                    watermark="" if is_wanted else "draft or not in force on the day",
                )
            )  # fmt: skip
    tables += _practices(rulesets, reporting)
    reason = None if tables else "no ruleset was chosen and the site names no jurisdiction"
    return Output(name, title, framework, tuple(tables), tuple(_unsure(found)), reason)


def _practices(rulesets: Sequence[Ruleset], reporting: Reporting) -> list[Table]:
    """Return the practices of the Code of Conduct by number with their state."""
    if not reporting.practices:
        return []
    titles = {one.number: one.title for rules in rulesets for one in rules.practice_sections}
    rows = [
        {
            "number": one.number, "section": _section(one.number, titles), "state": one.status,
            "planned": one.planned, "note": one.note,
        }
        for one in reporting.practices
    ]  # fmt: skip
    title = "Practices of the EU Code of Conduct"
    found = [make_table("practices", title, "stated", _PRACTICES, rows)]
    code = next((rules for rules in rulesets if rules.practice_sections), None)
    if code is not None:
        sections = [
            {"number": one.number, "section": one.title, "told": one.told, **one.counts}
            for one in practice_states(code, reporting.practices)
            if one.told
        ]
        found.append(
            make_table("practices_by_section", f"{title}, by section", "stated", _SECTIONS,
                       sections)
        )  # fmt: skip
    return found


def _section(number: str, titles: Mapping[str, str]) -> str | None:
    """Return the title of the innermost section that a practice stands in."""
    parts = number.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((titles[name] for name in names if name in titles), None)


def _verdict_row(verdict: Verdict, figures: Figures) -> dict[str, object]:
    threshold, value = verdict.threshold, verdict.value
    figure = figures.metrics.get(verdict.metric)
    quality = "STATED" if value is not None else Quality.MISSING.name
    return {
        "ruleset": verdict.ruleset, "rule": verdict.rule, "sentence": verdict.sentence,
        "verdict": verdict.outcome.value, "metric": verdict.metric, "operator": f"is {verdict.op}",
        "threshold": None if threshold is None else float(threshold),
        "value": None if value is None else float(value), "margin": verdict.margin,
        "unit": verdict.unit, "holds_for_interval": verdict.is_certain,
        "class": quality if figure is None else figure.quality.name,
        "completeness": (0.0 if value is None else 1.0) if figure is None else figure.completeness,
        "reason": None if value is not None else getattr(figure, "reason", None) or NO_DATA,
        "status": verdict.status, "force": verdict.force, "why": verdict.why,
        "citation": verdict.citation, "standing": verdict.standing, "as_of": verdict.as_of,
    }  # fmt: skip


def _unsure(found: Sequence[Verdict]) -> Iterator[Finding]:
    for one in found:
        if one.outcome is Outcome.PASS and one.is_certain is False:
            told = f"{one.ruleset} {one.rule} is met by the value and not by its whole interval"
            yield Finding("rule_verdicts", Level.FLAG, told)
