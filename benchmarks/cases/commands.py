"""Figures of single commands: seconds and memory."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median

from benchmarks.measure import ROOT, Cost, dcopt, measure, python
from benchmarks.outcome import Outcome, Value

HELP_RUNS = 7


def simulate_demo(folder: Path) -> Outcome:
    """Simulate a year of the demo site; the best of three runs counts."""
    site = folder / "demo"
    measure(dcopt("init", site, "--site", "demo"))
    costs = [measure(dcopt("simulate", site, "--year", "--json")) for _ in range(3)]
    cost = min(costs, key=lambda each: each.cpu_s)
    return Outcome([_simulated(cost)], cost.cpu_s < 3.0, ("best of three; imports included",))


def simulate_large(folder: Path) -> Outcome:
    """Generate the site of 10,000 hosts and simulate a year of it."""
    site = folder / "large"
    measure(python("-m", "benchmarks.generators.sites", "scale-10000x100000", "-o", site))
    cost = measure(dcopt("simulate", site, "--year", "--json"))
    note = "reading, checking, rules and report of 10,000 hosts and 100,000 workloads included"
    return Outcome([_simulated(cost)], cost.cpu_s < 20.0 and cost.peak_mb < 4096, (note,))


def _simulated(cost: Cost) -> dict[str, Value]:
    told = json.loads(cost.output)
    return {
        "hosts": told["summary"]["hosts"],
        "hours": told["summary"]["hours"],
        "facility_kwh": told["summary"]["facility_kwh"],
        **_spent(cost),
    }


def _spent(cost: Cost) -> dict[str, Value]:
    return {"cpu_s": cost.cpu_s, "wall_s": cost.wall_s, "peak_mb": cost.peak_mb}


def read_tables(folder: Path) -> Outcome:
    """Read a large site from CSV and Parquet, correct and with every placement wrong."""
    cost = measure(python(ROOT / "benchmarks" / "read_tables.py", "--parquet"))
    found = re.findall(r"^(\w+) +(correct|all wrong) +([\d.]+) CPU-s +(.*)$", cost.output, re.M)
    rows: list[dict[str, Value]] = [
        {"form": form, "site": site, "cpu_s": float(seconds), "found": text}
        for form, site, seconds, text in found
    ]
    is_fast = bool(rows) and all(float(seconds) < 5.0 for _, _, seconds, _ in found)
    return Outcome(rows, is_fast)


def bridge(folder: Path) -> Outcome:
    """Compare the checked bridge with plain highspy and Pyomo's interface."""
    cost = measure(python("-m", "benchmarks.bridge_overhead"))
    found = re.findall(r"^(\w+) +([\d.]+) +([\d.]+) +(\d+)$", cost.output, re.M)
    rows: list[dict[str, Value]] = [
        {"way": way, "cpu_s": float(cpu), "ratio": float(ratio), "peak_mb": float(peak)}
        for way, cpu, ratio, peak in found
    ]
    ratio = next((float(ratio) for way, _, ratio, _ in found if way == "bridge_arrays"), None)
    notes = (
        "small_*: 300 solves of a 200-binary model, solve and check of the answer included; the "
        "others only hand over; each small ratio is to small_plain",
        "bridge_pyomo also compiles the Pyomo model to a matrix, which appsi does on the way",
    )
    return Outcome(rows, ratio is not None and ratio <= 1.10, notes)


def help_page(folder: Path) -> Outcome:
    """Start the command line several times."""
    costs = [measure(dcopt("--help")) for _ in range(HELP_RUNS)]
    row: dict[str, Value] = {
        "cpu_s_median": median(cost.cpu_s for cost in costs),
        "cpu_s_best": min(cost.cpu_s for cost in costs),
        "wall_s_median": median(cost.wall_s for cost in costs),
        "wall_s_best": min(cost.wall_s for cost in costs),
    }
    is_fast = min(cost.cpu_s for cost in costs) < 0.15 and min(c.wall_s for c in costs) < 0.3
    return Outcome([row], is_fast, (f"{HELP_RUNS} runs; the best is judged",))
