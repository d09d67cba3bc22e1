"""Rules between the cells of the capacity plan's tables, told through the site's own files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from optimiser.errors import InputError
from optimiser.library.catalogue import list_sites
from optimiser.library.reporting import read_reporting

HEAD = (
    "resource,resource_class,known_from,series,unit,nameplate,derated,usable,use_mean,use_p95,"
    "use_peak,growth_p10,growth_p50,growth_p90,warn_fraction,act_fraction,lead_months,"
    "commissioning_months"
)


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the bundled demo."""
    source = next(entry.path for entry in list_sites() if entry.name == "demo")
    return Path(shutil.copytree(source, tmp_path / "demo"))


def told(folder: Path) -> str:
    """Return the text of all mistakes."""
    with pytest.raises(InputError) as caught:
        read_reporting(folder, "Europe/Berlin")
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("a,human,told,,h,10,12,,,,,,,,,,,", "is above nameplate"),
        ("a,human,told,,h,10,8,9,,,,,,,,,,", "is above derated"),
        ("a,human,told,,h,10,,11,,,,,,,,,,", "is above nameplate"),
        ("a,human,told,,h,10,,,,7,6,,,,,,,", "is above use_peak"),
        ("a,human,told,,h,,,,,,6,,,,,,,", "no capacity is told"),
        ("a,human,told,e_it_ups,h,5,,,,,3,,,,,,,", "belongs to a meter or the model"),
        ("a,technical,meter,,kW,5,,,,,,,,,,,,", "says not what the figures are"),
        ("a,technical,meter,win,kW,5,,,,,,,,,,,,", "is no role of metered energy"),
        ("a,technical,meter,e_it_ups,MW,5,,,,,,,,,,,,", "metered energy is shown as power"),
        ("a,technical,model,cpu,,,,,,,4,,,,,,,", "use is known from elsewhere"),
        ("a,human,told,,h,5,,,,,3,1,,,,,,", "growth is not told at P10, P50 and P90"),
        ("a,human,told,,h,5,,,,,3,3,2,1,,,,", "growth falls from P10 over P50 to P90"),
        ("a,human,told,,h,5,,,,,3,,,,0.9,0.8,,", "is above act_fraction"),
        ("a,human,told,,h,5,,,,,3,,,,,,,2", "commissioning without a lead time"),
        ("a,robots,told,,h,5,,,,,3,,,,,,,", "robots"),
    ],
)
def test_a_wrong_row_is_told_with_its_line(demo: Path, row: str, wrong: str) -> None:
    """Line 3 of the table is the wrong one."""
    right = "b,information,told,,hosts,5,,,,,3,,,,,,,"
    (demo / "capacity.csv").write_text(f"{HEAD}\n{right}\n{row}\n", encoding="utf-8")
    text = told(demo)
    assert wrong in text
    assert "capacity.csv:3" in text


def test_demand_names_a_resource_and_a_month(demo: Path) -> None:
    """Unknown names with the nearest, months in their form, empty rows; all at once."""
    rows = ["resource,month,demand,planned", "IT powr,2025-01,4,", "IT power,2025-13,4,"]
    text = "\n".join([*rows, "IT power,2025-02,,", ""])
    (demo / "capacity-demand.csv").write_text(text, encoding="utf-8")
    text = told(demo)
    assert "did you mean 'IT power'?" in text
    assert "is no month" in text and "write it as 2025-03" in text
    assert "neither demand nor what was planned" in text


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("resource: operator hours", "resource: operator ours", "did you mean 'operator hours'?"),
        ("  option: south-cooling-unit", "  option: south", "is none of the options"),
        ("  resources: capacity.csv\n", "", "no table of resources"),
        ("  resources: capacity.csv\n", "  resources: none.csv\n", "does not exist"),
        ("  horizon_months: 24", "  horizon_months: 0", "a whole number from 1 to 120"),
        ("  horizon_months: 24", "  warn_fraction: 0.95", "warn_fraction is above act_fraction"),
        ("  horizon_months: 24", "  not_applicable: {human: none}", "has rows of this class"),
    ],
)  # fmt: skip
def test_a_wrong_plan_is_told(demo: Path, old: str, new: str, wrong: str) -> None:
    """References between the document and its tables, and the document's own limits."""
    path = demo / "reporting.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert wrong in told(demo)
