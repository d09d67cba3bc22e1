"""The rows of each constraint, and the objective, as LP files kept in ``tests/golden``.

``DCOPT_UPDATE_GOLDEN=1 pytest tests/formulation/test_golden_lp.py`` writes them anew; the change is
then reviewed like any other.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pyomo.environ as pyo
import pytest
from instances.constraint_cases import CASES, facility
from instances.solve_tiny import case_instance, instance_of

from optimiser.formulation.model import build
from optimiser.formulation.recipe import read_recipe

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
_NUMBER = re.compile(r"(?<![\w(])[+-]?\d+\.\d+(?:e[+-]?\d+)?")
UPDATE = os.environ.get("DCOPT_UPDATE_GOLDEN") == "1"


def _lp_text(model: pyo.ConcreteModel, path: Path) -> str:
    model.write(str(path), io_options={"symbolic_solver_labels": True, "file_determinism": 30})
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(_NUMBER.sub(_shorten, line.rstrip()) for line in lines) + "\n"


def _shorten(match: re.Match[str]) -> str:
    """Keep nine digits: the last ones differ between processors."""
    number = float(f"{float(match[0]):.9g}")
    return f"{number:+.9g}" if match[0].startswith("+") else f"{number:.9g}"


def _rows_of(name: str, path: Path) -> str:
    model = build(case_instance(name))
    for component in model.component_objects(pyo.Constraint):
        if component.name != name:
            component.deactivate()
    model.total.deactivate()
    model.nothing = pyo.Objective(expr=0.0)
    return _lp_text(model, path)


def _objective(path: Path) -> str:
    model = build(
        instance_of(**facility([{"kind": "preserve", "workloads": {}, "soft": {"weight": 2}}]))
    )
    for component in model.component_objects(pyo.Constraint):
        component.deactivate()
    return _lp_text(model, path)


def _on_file(name: str, text: str) -> str:
    """Return what was reviewed, after writing it anew when that is asked for."""
    kept = GOLDEN / f"{name}.lp"
    if UPDATE:
        kept.write_text(text, encoding="utf-8", newline="\n")
    assert kept.is_file(), f"run with DCOPT_UPDATE_GOLDEN=1 to write {kept.name}"
    return kept.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_rows_are_those_on_file(name: str, tmp_path: Path):
    """The constraint writes the very rows that were reviewed."""
    text = _rows_of(name, tmp_path / "rows.lp")
    assert f"{name}(" in text
    assert text == _on_file(name, text)


def test_objective_is_that_on_file(tmp_path: Path):
    """The objective has the very coefficients that were reviewed."""
    text = _objective(tmp_path / "total.lp")
    assert text == _on_file("total", text)


def test_no_golden_file_is_missing_or_left_over():
    """Each constraint of the recipe has its file, and no file is of a constraint that is gone."""
    names = {path.stem for path in GOLDEN.glob("*.lp")}
    assert names == {*read_recipe().constraint_names(), "total"}
