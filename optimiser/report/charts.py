"""Vega-Lite specifications of the charts, drawn in the browser.

Colours are CSS variables of the page, so the charts follow the theme and the printer without
being drawn again. Widths follow the container.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optimiser.report import text
from optimiser.report.payload import FrontierPoint, PowerSeries, ReportData, Series
from optimiser.report.timeline import Row, Timeline, timeline

if TYPE_CHECKING:
    import altair as alt

Spec = dict[str, Any]
_PARTS = (
    ("it_kw", "IT", "var(--it)"),
    ("losses_kw", "Power losses", "var(--losses)"),
    ("cooling_kw", "Cooling", "var(--cooling)"),
)
_CONTEXT = (
    ("price", "price_per_kwh", "Electricity price", "{currency}/kWh", ".3~f"),
    ("carbon", "carbon_g_per_kwh", "Carbon of the grid", "g CO₂e/kWh", ",.0f"),
)


def build(data: ReportData) -> dict[str, Spec]:
    """Build the specifications of the charts that the data allow, by name."""
    charts: dict[str, Spec] = {}
    if data.series is not None and len(data.series.time) > 1:
        charts |= _day_charts(data.series, data.currency, not data.is_first_placement)
    if len(data.frontier) > 1:
        charts["frontier"] = _frontier_chart(data)
    return charts


def _day_charts(series: Series, currency: str, has_today: bool) -> dict[str, Spec]:
    when = timeline(series.time)
    sides = (series.before, series.after) if has_today else (series.after,)
    top = max(value for side in sides for value in side.total_kw)
    today_kw = series.before.total_kw if has_today else None
    charts = {"power-after": _power_chart(series.after, when, top, today_kw)}
    if has_today:
        charts["power-before"] = _power_chart(series.before, when, top, None)
    for name, field, title, unit, form in _CONTEXT:
        values = getattr(series, field)
        if values is not None:
            rows = when.table({"value": values})
            label = unit.format(currency=currency)
            charts[name] = _context_chart(rows, when.clock, title, label, form)
    if series.dry_bulb_c is not None or series.wet_bulb_c is not None:
        charts["air"] = _air_chart(series, when)
    return charts


def _time_axis(clock: str, ticks: int) -> alt.X:
    import altair as alt

    axis = alt.Axis(title=None, format=clock, grid=False, tickCount=ticks, labelOverlap=True)
    return alt.X("start:T", scale=alt.Scale(type="utc", nice=False), axis=axis)


def _power_chart(
    state: PowerSeries, when: Timeline, top_kw: float, today_kw: Sequence[float] | None
) -> Spec:
    """Stack the parts under the total; ``today_kw`` adds today's total as a dashed line."""
    import altair as alt

    given = [part for part in _PARTS if getattr(state, part[0]) is not None]
    columns = {title: getattr(state, field) for field, title, _ in given}
    columns["Total"] = state.total_kw
    if today_kw is not None:
        columns["Today"] = today_kw
    base = alt.Chart(alt.Data(values=when.table(columns)))
    y = alt.Scale(domain=[0, top_kw * 1.04], nice=True)
    layers = [_stack(base, given, y, when.clock), _line(base, "Total", "var(--ink)", [1, 0])]
    if today_kw is not None:
        layers.append(_line(base, "Today", "var(--muted)", [4, 3]))
    layers.append(_hover(base, {name: f"{name}, kW" for name in columns}))
    return _finished(alt.layer(*layers), height=250, description="Power over time [kW]")


def _stack(base: alt.Chart, given: list[tuple[str, str, str]], y: Any, clock: str) -> alt.Chart:
    import altair as alt

    titles: list[Any] = [part[1] for part in given]
    colours = [part[2] for part in given]
    order = {title: i for i, title in enumerate(titles)}
    return (
        base.transform_fold(titles, as_=["part", "kw"])
        .transform_calculate(rank=f"{order}[datum.part]")
        .mark_area(interpolate="step-after", opacity=0.9)
        .encode(
            x=_time_axis(clock, ticks=8),
            y=alt.Y("kw:Q", stack="zero", scale=y, axis=alt.Axis(title="kW", tickCount=5)),
            color=alt.Color(
                "part:N", scale=alt.Scale(domain=titles, range=colours), legend=None
            ),
            order=alt.Order("rank:Q"),
        )
    )  # fmt: skip


def _line(base: alt.Chart, field: str, colour: str, dash: list[int]) -> alt.Chart:
    import altair as alt

    return base.mark_line(
        interpolate="step-after", color=colour, strokeWidth=1.6, strokeDash=dash
    ).encode(x="start:T", y=alt.Y(f"{field}:Q"))


def _hover(base: alt.Chart, fields: Mapping[str, str], form: str = ",.1f") -> alt.Chart:
    """Add an invisible column for each period, which shows its values when pointed at.

    ``fields`` gives the title of each value.
    """
    import altair as alt

    tips = [alt.Tooltip("clock:N", title="From")]
    tips += [alt.Tooltip(f"{k}:Q", title=title, format=form) for k, title in fields.items()]
    here = alt.selection_point(on="pointerover", clear="pointerout", empty=False)
    return (
        base.mark_rect(color="var(--ink)")
        .encode(
            x="start:T",
            x2="end:T",
            opacity=alt.condition(here, alt.value(0.12), alt.value(0)),
            tooltip=tips,
        )
        .add_params(here)
    )


def _context_chart(rows: list[Row], clock: str, title: str, unit: str, form: str) -> Spec:
    import altair as alt

    base = alt.Chart(alt.Data(values=rows))
    line = base.mark_line(interpolate="step-after", color="var(--accent)", strokeWidth=1.6).encode(
        x=_time_axis(clock, ticks=4),
        y=alt.Y("value:Q", axis=alt.Axis(title=unit, tickCount=3), scale=alt.Scale(zero=True)),
    )
    hover = _hover(base, {"value": unit}, form)
    return _finished(alt.layer(line, hover), height=110, description=f"{title} [{unit}]")


def _air_chart(series: Series, when: Timeline) -> Spec:
    import altair as alt

    given = {"Dry bulb": series.dry_bulb_c, "Wet bulb": series.wet_bulb_c}
    columns = {name: values for name, values in given.items() if values is not None}
    base = alt.Chart(alt.Data(values=when.table(columns)))
    dashes = {"Dry bulb": [1, 0], "Wet bulb": [4, 3]}
    lines = [
        base.mark_line(
            interpolate="step-after", color="var(--accent)", strokeWidth=1.6,
            strokeDash=dashes[name],
        ).encode(
            x=_time_axis(when.clock, ticks=4),
            y=alt.Y(
                f"{name}:Q",
                axis=alt.Axis(title="°C", tickCount=3),
                scale=alt.Scale(zero=False),
            ),
        )
        for name in columns
    ]  # fmt: skip
    hover = _hover(base, {name: f"{name}, °C" for name in columns})
    return _finished(alt.layer(*lines, hover), height=110, description="Outside air [°C]")


def _bound_shares(points: Sequence[FrontierPoint]) -> list[float | None]:
    """Largest saving the bounds allow, in the unit of ``saving_fraction_of_full``.

    Saving and objective are on one straight line, which the first and last point give.
    """
    first, last = points[0], points[-1]
    slope_base = first.objective - last.objective
    if slope_base == 0:
        return [None] * len(points)
    slope = (last.saving_fraction_of_full - first.saving_fraction_of_full) / slope_base
    return [
        None if p.bound is None else p.saving_fraction_of_full + slope * (p.objective - p.bound)
        for p in points
    ]


def _frontier_chart(data: ReportData) -> Spec:
    import altair as alt

    points = sorted(data.frontier, key=lambda point: point.max_moves)
    rows = [
        {
            "moves": point.moves,
            "budget": point.max_moves,
            "saving": round(point.saving_fraction_of_full, 5),
            "bound": None if bound is None else round(bound, 5),
            "limit": text.count(point.max_moves),
            "objective": text.quantity(point.objective, data.currency),
        }
        for point, bound in zip(points, _bound_shares(points), strict=True)
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("moves:Q", axis=alt.Axis(title="Moves", tickCount=6, format=",d", grid=False))
    )
    axis = alt.Axis(title="Share of the full saving", format="%", tickCount=5)
    tips = [
        alt.Tooltip("limit:N", title="At most (moves)"),
        alt.Tooltip("moves:Q", title="Moves made", format=",d"),
        alt.Tooltip("saving:Q", title="Share of saving", format=".1%"),
        alt.Tooltip("bound:Q", title="No plan saves more than", format=".1%"),
        alt.Tooltip("objective:N", title="Objective"),
    ]
    line = base.mark_line(color="var(--accent)", strokeWidth=2).encode(
        y=alt.Y("saving:Q", axis=axis)
    )
    dots = base.mark_circle(color="var(--accent)", size=70, opacity=1).encode(
        y="saving:Q", tooltip=tips
    )
    layers = [line, dots]
    if any(row["bound"] is not None for row in rows):
        proven = base.transform_filter("datum.bound != null")
        bounds = proven.mark_line(color="var(--muted)", strokeDash=[4, 3], strokeWidth=1.4)
        band = proven.mark_area(color="var(--muted)", opacity=0.12)
        layers.insert(0, bounds.encode(x="budget:Q", y="bound:Q"))
        layers.insert(1, band.encode(x="budget:Q", y="saving:Q", y2="bound:Q"))
    return _finished(alt.layer(*layers), 280, "Saving against number of moves")


def _finished(chart: alt.LayerChart | alt.FacetChart, height: int, description: str) -> Spec:
    """Fit the chart into its container and give it the look of the page."""
    chart = chart.properties(width="container", height=height, description=description)
    spec: Spec = chart.to_dict()
    del spec["$schema"]  # an address the page must not seem to need
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["config"] = _CONFIG
    return spec


_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
_CONFIG: Spec = {
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "gridColor": "var(--line)",
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "titlePadding": 8,
    },
}
