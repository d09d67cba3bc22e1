"""The meter register: which series there are, what they measure and how far to trust them."""

from __future__ import annotations

from optimiser.schema.roles import ROLES
from optimiser.schema.tables import Column, TableSpec

METER_KINDS = ("counter", "amount", "power", "level")
"""``counter`` a reading that only grows; ``amount`` what went through in each interval; ``power``
samples of a rate (kW, m³/h), integrated over time; ``level`` samples of a state (°C, %)."""
QUALITIES = ("measured", "proxy", "estimated")
"""What a source can be by itself; gaps make it worse."""

_UNIT_WORDS = (
    "Unit of the values: Wh, kWh, MWh, GWh, kJ, MJ, GJ, L, m3, W, kW, MW, L/s, L/min, L/h, m3/h, "
    "C, F, K, fraction, % …"
)

METERS = TableSpec(
    "meters",
    "One row per series of a meter.",
    (
        Column("meter", "name", "Name of the series, unique on the site."),
        Column("role", "choice", "What it measures.", choices=tuple(ROLES)),
        Column("kind", "choice", "How its values are to be read.", choices=METER_KINDS),
        Column("unit", "text", _UNIT_WORDS),
        Column("file", "text", "CSV or Parquet file, or a pattern such as meters/2026-*.parquet."),
        Column("column", "name", "Column of the values.", required=False, default="value"),
        Column(
            "channel",
            "name",
            "Name of the series in the file's column 'meter', where it has one; the meter's own "
            "name when empty.",
            required=False,
        ),
        Column(
            "scale",
            "number",
            "Factor on the values, such as a transformer ratio, a pulse constant or a share; "
            "negative for what is to be taken off.",
            required=False,
            default=1.0,
        ),
        Column(
            "interval_minutes",
            "number",
            "Time between values; the usual one of the file when empty.",
            "min",
            required=False,
            default=None,
            minimum=1 / 60,
            maximum=60 * 24 * 366,
        ),
        Column(
            "stamp",
            "choice",
            "Whether the time of a value is the start or the end of the interval that it is about. "
            "Amounts: start when empty; power and levels: samples of a moment when empty, means of "
            "an interval otherwise.",
            required=False,
            choices=("start", "end"),
        ),
        Column(
            "part",
            "choice",
            "Which values of a two-way meter count; negative ones with their sign turned.",
            required=False,
            default="all",
            choices=("all", "positive", "negative"),
        ),
        Column(
            "rollover",
            "number",
            "Reading at which a counter starts again from zero, such as 1000000, in its own unit.",
            required=False,
            default=None,
            minimum=0,
        ),
        Column(
            "maximum",
            "number",
            "Largest plausible rate (amounts and counters: per hour) or level, in the unit of the "
            "values; what is above counts as missing.",
            required=False,
            default=None,
        ),
        Column(
            "accuracy_percent",
            "number",
            "Accuracy of a total at 95 %; the default of reporting.yaml when empty.",
            "%",
            required=False,
            default=None,
            minimum=0,
            maximum=100,
        ),
        Column("calibrated", "date", "Last calibration, such as 2025-06-30.", required=False),
        Column(
            "group",
            "name",
            "Group of meters whose errors go together, such as one calibration.",
            required=False,
        ),
        Column(
            "quality",
            "choice",
            "What the source is at best.",
            required=False,
            default="measured",
            choices=QUALITIES,
        ),
        Column("zone", "name", "Cooling zone or part of the boundary.", required=False),
        Column("point", "text", "Measurement point in words.", required=False),
        Column("serial", "text", "Serial number of the device.", required=False),
        Column(
            "time_zone",
            "text",
            "Zone of times without offset; the site's when empty.",
            required=False,
        ),
        Column("valid_from", "date", "First day of service (local).", required=False),
        Column("valid_to", "date", "Last day of service (local).", required=False),
    ),
    ("meter",),
)
