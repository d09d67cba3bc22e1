"""Verdicts: what a dated rule says about a figure, and by how much.

A verdict is given on the unrounded value, on one day. Differences below a relative 1e-12 are noise
of the arithmetic and count as equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from optimiser.analysis.kpi.quantity import NO_DATA, Quality, Quantity, Ratio
from optimiser.schema.ruleset import Condition, Rule, Ruleset

NOISE = 1e-12
_INTERIM = {"PARTIAL", "INTERIM"}
Fact = bool | float | str | date | None
Metric = Ratio | Quantity | bool | float | None


class Outcome(StrEnum):
    """What a rule says."""

    PASS = "PASS"
    FAIL = "FAIL"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    EXEMPTION_CLAIMED = "EXEMPTION_CLAIMED"


@dataclass(frozen=True, slots=True)
class Claim:
    """An exemption that the operator claims from a rule, with its ground."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule on one day.

    ``margin`` is how far the value is on the good side of the threshold (negative: on the bad
    side), in ``unit``. ``is_certain`` tells whether the whole 95 % interval gives the same answer.
    ``why`` explains every outcome but PASS and FAIL.
    """

    ruleset: str
    rule: str
    sentence: str
    outcome: Outcome
    metric: str
    op: str
    threshold: float | bool | None
    value: float | bool | None
    margin: float | None
    unit: str
    quality: Quality | None
    is_certain: bool | None
    citation: str
    status: str
    force: str
    standing: str
    as_of: date
    why: str = ""


def judge(
    rulesets: Iterable[Ruleset],
    metrics: Mapping[str, Metric],
    facts: Mapping[str, Fact],
    as_of: date,
    claims: Sequence[Claim] = (),
    limits: Mapping[str, float] | None = None,
) -> list[Verdict]:
    """Return the verdict of every rule of the rulesets on a day, in their order.

    ``metrics`` are indicators by name, ``facts`` what is known of the site (``start`` is the date
    of entry into operation), ``limits`` numbers from licensed text by the name that rules use. A
    rule may also judge a fact.
    """
    known = {**facts, **metrics}
    return [
        _judge(ruleset, rule, _Site(known, facts, as_of, tuple(claims), limits or {}))
        for ruleset in rulesets
        for rule in ruleset.rules
    ]


def status_of(ruleset: Ruleset, as_of: date) -> str:
    """Return ``in_force``, ``draft``, ``repealed`` or ``not_yet_in_force`` on a day."""
    if ruleset.status != "in_force":
        return ruleset.status
    if ruleset.valid_from is not None and as_of < ruleset.valid_from:
        return "not_yet_in_force"
    return "repealed" if ruleset.valid_to is not None and as_of > ruleset.valid_to else "in_force"


@dataclass(frozen=True, slots=True)
class _Site:
    metrics: Mapping[str, Metric | Fact]
    facts: Mapping[str, Fact]
    as_of: date
    claims: tuple[Claim, ...]
    limits: Mapping[str, float]


def _judge(ruleset: Ruleset, rule: Rule, site: _Site) -> Verdict:
    metric = site.metrics.get(rule.metric)
    threshold = rule.threshold if rule.limit is None else site.limits.get(rule.limit)
    value, quality = _value_of(metric), getattr(metric, "quality", None)
    outcome, why = _outcome(ruleset, rule, site, value, threshold)
    decided = outcome in (Outcome.PASS, Outcome.FAIL)
    return Verdict(
        ruleset.id, rule.id, rule.sentence, outcome, rule.metric, rule.op, threshold, value,
        _margin(rule.op, value, threshold), rule.unit, quality,
        _is_certain(rule, metric, threshold) if decided else None,
        f"{ruleset.citation}, {rule.citation}", status_of(ruleset, site.as_of), ruleset.force,
        rule.standing, site.as_of, why,
    )  # fmt: skip


def _outcome(
    ruleset: Ruleset, rule: Rule, site: _Site, value: float | bool | None,
    threshold: float | bool | None,
) -> tuple[Outcome, str]:  # fmt: skip
    off = _not_now(ruleset, rule, site)
    applies, unknown = _applies((*ruleset.when, *rule.when), site.facts)
    if off or applies is False:
        return Outcome.NOT_APPLICABLE, off or "the site is not concerned"
    holds, why = _holds(rule, site, value, threshold)
    if holds and applies:
        return Outcome.PASS, ""
    claimed = _claim(rule, site.claims)
    if claimed and rule.exemptions:
        return Outcome.EXEMPTION_CLAIMED, claimed
    if applies is None:
        return Outcome.INSUFFICIENT_DATA, f"not known: {', '.join(unknown)}"
    if holds is None:
        return Outcome.INSUFFICIENT_DATA, why
    note = "an exemption was claimed that the rule does not have" if claimed else ""
    return Outcome.FAIL, note


def _not_now(ruleset: Ruleset, rule: Rule, site: _Site) -> str:
    """Return why the rule does not bind on the day, or an empty string."""
    if status_of(ruleset, site.as_of) == "not_yet_in_force":
        return f"in force from {ruleset.valid_from}"
    if rule.applies_from is not None and site.as_of < rule.applies_from:
        return f"binds from {rule.applies_from}"
    if rule.applies_to is not None and site.as_of > rule.applies_to:
        return f"bound until {rule.applies_to}"
    start = site.facts.get("start")
    if rule.months_after_start and isinstance(start, date):
        first = add_months(start, rule.months_after_start)
        if site.as_of < first:
            return f"binds from {first}, {rule.months_after_start} months after the start"
    return ""


def add_months(day: date, months: int) -> date:
    """Return the day some months later, the last of the month where it has fewer days."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for length in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, length))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def _applies(
    conditions: Iterable[Condition], facts: Mapping[str, Fact]
) -> tuple[bool | None, list[str]]:
    """Return whether all conditions hold (``None``: not known) and the facts that are missing."""
    unknown = []
    for condition in conditions:
        fact = facts.get(condition.fact)
        if fact is None:
            unknown.append(condition.fact)
        elif not _compare(fact, condition.op, condition.value):
            return False, []
    return (None if unknown else True), unknown


def _compare(left: object, op: str, right: object) -> bool:
    """Compare two values; raises ``ValueError`` for values that have no order."""
    if op == "in":
        return left in right  # type: ignore[operator]
    if op in ("==", "!="):
        return (left == right) == (op == "==")
    try:
        below, above = left < right, left > right  # type: ignore[operator]
    except TypeError:
        raise ValueError(f"{left!r} and {right!r} cannot be compared") from None
    return {"<": below, "<=": not above, ">": above, ">=": not below}[op]


def _value_of(metric: Metric | Fact) -> float | bool | None:
    if isinstance(metric, Ratio | Quantity):
        return metric.value
    if isinstance(metric, bool | int | float):
        return metric
    return None if metric is None else True  # a text or date is there


def _holds(
    rule: Rule, site: _Site, value: float | bool | None, threshold: float | bool | None
) -> tuple[bool | None, str]:
    metric = site.metrics.get(rule.metric)
    if value is None:
        reason = getattr(metric, "reason", None) or NO_DATA
        return None, f"{rule.metric}: {reason}"
    if rule.is_annual and isinstance(metric, Ratio):
        interim = [flag for flag in metric.flags if flag.code in _INTERIM]
        if interim:
            return None, interim[0].sentence
    if rule.op == "present":
        return True, ""
    if threshold is None:
        return None, f"the limit {rule.limit!r} comes from licensed text and was not supplied"
    return meets(value, rule.op, threshold), ""


def meets(value: float, op: str, threshold: float) -> bool:
    """Return whether a value stands to a threshold as asked; noise of the arithmetic is equal."""
    if isinstance(threshold, bool):
        return bool(value) is threshold
    is_equal = abs(value - threshold) <= NOISE * max(abs(value), abs(threshold))
    if op in ("<=", ">=", "=="):
        return is_equal or (value < threshold if op == "<=" else op == ">=" and value > threshold)
    return not is_equal and (value < threshold if op == "<" else value > threshold)


def _margin(op: str, value: float | bool | None, threshold: float | bool | None) -> float | None:
    if isinstance(value, bool) or isinstance(threshold, bool):
        return None
    if value is None or threshold is None or op in ("==", "present"):
        return None
    return threshold - value if op in ("<=", "<") else value - threshold


def _is_certain(rule: Rule, metric: Metric | Fact, threshold: float | bool | None) -> bool | None:
    if threshold is None or isinstance(threshold, bool):
        return None
    if isinstance(metric, Quantity):
        ends = metric.bounds
    elif isinstance(metric, Ratio):
        ends = (
            None if metric.lower is None or metric.upper is None else (metric.lower, metric.upper)
        )
    else:
        return None
    return None if ends is None else len({meets(end, rule.op, threshold) for end in ends}) == 1


def _claim(rule: Rule, claims: Iterable[Claim]) -> str:
    return "; ".join(claim.reason for claim in claims if claim.rule == rule.id)
