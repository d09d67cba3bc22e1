"""Outputs 13 and 14: what a plan predicts and what meters verify; never in one table.

Predicted savings come from the model alone. Verified ones are avoided energy against an adjusted
baseline, with the test that lets them count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import numpy as np

from optimiser.analysis.kpi.baseline import (
    Baseline,
    Resolution,
    degree_days,
    fit_baseline,
    fit_of,
)
from optimiser.analysis.kpi.energy import energy_terms
from optimiser.analysis.kpi.quantity import Quantity, total
from optimiser.analysis.kpi.savings import (
    NonRoutine,
    VerifiedSaving,
    energy_performance,
    normalised_saving,
    verify_by_regression,
    verify_by_simulation,
)
from optimiser.report.disclosure.table import Column, Finding, Kind, Level, Output, make_table
from optimiser.schema.reporting import Adjustment, SavingsVerification
from optimiser.workflow.disclosure.indicators import ENERGY_ROLES, it_role
from optimiser.workflow.disclosure.material import MEASURED, Material, Source

NAME, TITLE, FRAMEWORK = "savings_verification", "Verified savings", "ISO 50001, IPMVP"
HOURS_OF_LEAP_DAY = 24.0
_Verified = tuple[VerifiedSaving, str, float | None]
"""The saving, the model in words, and the saving at fixed conditions [kWh]."""
_COLUMNS = (
    Column("item", "Item", is_key=True),
    Column("value", "Value", Kind.NUMBER),
    Column("text", "Text"),
    Column("unit", "Unit"),
    Column("class", "Class"),
    Column("completeness", "Complete", Kind.NUMBER, "1"),
    Column("reason", "Reason"),
    Column("meaning", "Meaning"),
)


def savings_verification(material: Material) -> Output:
    """Return the verification by option C or D, or why there is none."""
    savings, before = material.reporting.savings, material.baseline
    if savings is None:
        return Output(NAME, TITLE, FRAMEWORK, not_applicable="reporting.yaml names no savings")
    after = material.best
    if before is None or after.section != MEASURED:
        why = "savings are verified with metered energy, and none is known"
        return Output(NAME, TITLE, FRAMEWORK, not_applicable=why)
    verify = _regression if savings.option == "C" else _simulation
    try:
        found, equation, normalised = verify(material, savings, before, after)
    except ValueError as error:
        finding = Finding(NAME, Level.FAILURE, f"no baseline model: {error}")
        return Output(NAME, TITLE, FRAMEWORK, (), (finding,), f"no baseline model: {error}")
    return _output(found, equation, normalised, savings)


def _regression(
    material: Material, savings: SavingsVerification, before: Source, after: Source
) -> _Verified:
    energy, variables = intervals(before, savings)
    static = list(savings.static_factors.items())
    baseline = fit_baseline(energy, variables, savings.resolution, static)
    now, conditions = intervals(after, savings)
    whole = np.isfinite(now) & np.logical_and.reduce(
        [np.isfinite(one) for one in conditions.values()] or [np.ones(len(now), dtype=bool)]
    )
    if not whole.any():
        raise ValueError("no interval of the reporting period has energy and every variable")
    metered = _metered(after, float(now[whole].sum()), float(whole.mean()))
    found = verify_by_regression(
        baseline, {name: one[whole] for name, one in conditions.items()}, metered,
        list(_adjustments(savings.adjustments, material)), before=_like_period(before, after),
        static_factors=list((savings.static_factors | savings.static_factors_now).items()),
        confidence=savings.confidence,
    )  # fmt: skip
    return found, baseline.equation(), _normalised(baseline, variables, now, conditions)


def _simulation(
    material: Material, savings: SavingsVerification, before: Source, after: Source
) -> _Verified:
    if material.twin_of_baseline is None:
        raise ValueError("the twin of the baseline was not simulated")
    bare = savings.model_copy(update={"variables": []})
    then, now = (intervals(source, bare)[0] for source in (before, after))
    modelled_then, modelled_now = (intervals(one, bare)[0] for one in material.twin_of_baseline)
    seen = np.isfinite(then) & np.isfinite(modelled_then)
    fit = fit_of(then[seen], modelled_then[seen], 1, savings.resolution, int((~seen).sum()))
    whole = np.isfinite(now) & np.isfinite(modelled_now)
    if not whole.any():
        raise ValueError("no interval of the reporting period has metered and simulated energy")
    found = verify_by_simulation(
        fit, modelled_now[whole], _metered(after, float(now[whole].sum()), float(whole.mean())),
        list(_adjustments(savings.adjustments, material)), before=_like_period(before, after),
        static_factors=(savings.static_factors, savings.static_factors_now),
        confidence=savings.confidence,
    )  # fmt: skip
    return found, f"calibrated twin of {savings.baseline_site}", None


def _normalised(
    baseline: Baseline, variables: Mapping[str, np.ndarray], now: np.ndarray,
    conditions: Mapping[str, np.ndarray],
) -> float | None:  # fmt: skip
    """Return the saving [kWh] at the conditions of the baseline period by a second model, that of
    the reporting period; ``None`` when that does not pass the tests of a baseline."""
    try:
        reporting = fit_baseline(now, conditions, baseline.fit.resolution)
    except ValueError:
        return None
    if reporting.fit.failures():
        return None
    known = np.logical_and.reduce(
        [np.isfinite(one) for one in variables.values()] or [np.ones(1, dtype=bool)]
    )
    fixed = {name: one[known] for name, one in variables.items()}
    return normalised_saving(baseline, reporting, fixed) if fixed else None


def _like_period(before: Source, after: Source) -> Quantity | None:
    """Return metered energy of the baseline period, ``None`` when it is of another length."""
    is_alike = abs(before.period.hours - after.period.hours) <= HOURS_OF_LEAP_DAY
    return site_energy(before) if is_alike else None


def site_energy(source: Source) -> Quantity:
    """Return the energy of the data centre over the period [kWh]."""
    return total("e_dc", energy_terms(source.parts(*ENERGY_ROLES)), "kWh")


def _metered(source: Source, kwh: float, share: float) -> Quantity:
    known = site_energy(source)
    return Quantity(
        "e_dc", kwh, "kWh", known.quality, relative=known.relative,
        completeness=min(share, known.completeness), method="intervals@1", sources=known.sources,
    )  # fmt: skip


def _adjustments(given: list[Adjustment], material: Material) -> Iterator[NonRoutine]:
    for one in given:
        first = max(one.start, material.first_day)
        last = min(one.end or material.last_day, material.last_day)
        days = (last - first).days + 1
        if days > 0:
            yield NonRoutine(one.name, one.kwh_per_day * days, one.reason)


def intervals(
    source: Source, savings: SavingsVerification
) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """Return energy [kWh] and the relevant variables by hour, local day or local month; NaN where
    an hour of it is missing."""
    group, num = _groups(source, savings.resolution)
    energy = _sums(_hourly_energy(source), group, num)
    hours = np.bincount(group, minlength=num) * source.components.data.grid.step_h
    found: dict[str, np.ndarray] = {}
    for name in savings.variables:
        if name == "e_it":
            role = it_role(source)
            if role is None:
                raise ValueError("IT energy is not metered")
            found[name] = _sums(_hourly(source, role), group, num)
            continue
        mean = _sums(_hourly(source, "t_outdoor"), group, num) / np.bincount(group, minlength=num)
        if name == "t_outdoor":
            found[name] = mean
        else:
            kind = "cooling" if name == "cdd" else "heating"
            base = savings.base_temperature_c
            days = hours / 24.0
            found[name] = degree_days(mean, base, kind, days)  # type: ignore[arg-type]
    return energy, found


def _hourly(source: Source, role: str) -> np.ndarray:
    if role not in source.components.roles:
        raise ValueError(f"there is no series of {role}")
    return source.components.hourly(role, source.period)["value"].to_numpy(dtype=float)


def _hourly_energy(source: Source) -> np.ndarray:
    known = [role for role in ENERGY_ROLES if role in source.components.roles]
    if not known:
        raise ValueError("there is no series of the site's energy")
    signs = [-1.0 if role == "e_export" else 1.0 for role in known]
    parts = [sign * _hourly(source, role) for sign, role in zip(signs, known, strict=True)]
    return np.asarray(np.sum(parts, axis=0))


def _sums(values: np.ndarray, group: np.ndarray, num: int) -> np.ndarray:
    """Add up by group; NaN in one hour makes its group NaN."""
    return np.bincount(group, weights=values, minlength=num)


def _groups(source: Source, resolution: Resolution) -> tuple[np.ndarray, int]:
    frame = source.components.hourly(source.components.roles[0], source.period)
    if resolution == "hour":
        return np.arange(len(frame)), len(frame)
    local = frame["start"].dt.tz_convert(ZoneInfo(source.period.zone))
    keys = local.dt.strftime("%Y-%m-%d" if resolution == "day" else "%Y-%m")
    names, group = np.unique(keys.to_numpy(dtype=str), return_inverse=True)
    return group, len(names)


def _output(
    found: VerifiedSaving, equation: str, normalised: float | None, savings: SavingsVerification
) -> Output:
    fit, share = found.fit, f"{100 * found.confidence:g} %"
    rows: list[dict[str, object]] = [
        _text("model", equation, f"Baseline of {savings.baseline} by {fit.resolution}."),
        _number("R2", fit.r2, "1", "Coefficient of determination."),
        _number("CV(RMSE)", fit.cv_rmse, "1", "Scatter of the model."),
        _number("NMBE", fit.nmbe, "1", "Bias of the model."),
        _number("intervals", float(fit.num), "1", "Intervals of the baseline."),
        _number("autocorrelation", fit.autocorrelation, "1", "Of residuals, by one interval."),
        _text("acceptance", "; ".join(fit.failures()) or "passed", "Tests of Guideline 14."),
        _number("routine baseline", found.routine, "kWh", "Model at the period's conditions."),
        *(
            _number(f"adjustment {one.name}", one.kwh, "kWh", one.reason)
            for one in found.adjustments
        ),
        _number("adjusted baseline", found.adjusted_baseline, "kWh", "With adjustments."),
        _number("metered", found.metered, "kWh", "Energy of the reporting period."),
        _number("avoided", found.avoided, "kWh", "Adjusted baseline less metered energy."),
        _number("avoided share", found.fraction, "1", "Of the adjusted baseline."),
        _number("uncertainty", found.half_width, "kWh", f"Plus and minus, at {share}."),
        _number("relative uncertainty", found.uncertainty, "1", f"At {share}."),
        _number("plain difference", found.raw, "kWh", "Metered before less metered after: weather "
                "and load differ, so that it is no saving."),
        _number("EnPI", energy_performance(found.metered, found.adjusted_baseline), "1",
                "Metered over expected energy; below 1 is better than the baseline."),
        _number("normalised saving", normalised, "kWh", "Both periods' models at the conditions "
                "of the baseline period; option C with a whole year only."),
        *(
            _text(f"baseline changed {one.on}", one.reason, "Recorded criterion.")
            for one in savings.changes
        ),
        _text("statement", found.statement, "What the data show."),
    ]  # fmt: skip
    quality = found.quality.name
    table = make_table(
        NAME, TITLE, f"verified, option {found.option}, {MEASURED}", _COLUMNS,
        [{**row, "class": quality, "completeness": 1.0} for row in rows],
        notes=("Predicted savings stand in plan_vs_baseline; the two are never compared.",),
        keep_order=True,
    )  # fmt: skip
    findings = [Finding(NAME, Level.FLAG, flag.sentence) for flag in found.flags]
    if found.why_not:
        findings.append(Finding(NAME, Level.FLAG, found.statement))
    return Output(NAME, TITLE, FRAMEWORK, (table,), tuple(findings))


def _number(item: str, value: float | None, unit: str, meaning: str) -> dict[str, object]:
    known = value is not None and np.isfinite(value)
    return {
        "item": item, "value": value if known else None, "unit": unit, "meaning": meaning,
        "reason": None if known else "NO_DATA",
    }  # fmt: skip


def _text(item: str, text: str, meaning: str) -> dict[str, object]:
    return {"item": item, "text": text, "meaning": meaning}
