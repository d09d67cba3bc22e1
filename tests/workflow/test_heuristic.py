"""The least that anyone would do: hosts that hold nothing go to sleep."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from optimiser.library.catalogue import list_sites
from optimiser.workflow.disclosure.plan_tables import claimed, is_within_gap
from optimiser.workflow.heuristic import heuristic_of
from optimiser.workflow.judgement import judge_today
from optimiser.workflow.loading import load


@pytest.fixture
def loaded():
    """The bundled small site."""
    return load(next(entry.path for entry in list_sites() if entry.name == "small"))


def test_nothing_is_gained_where_every_host_holds_something(loaded) -> None:
    """The bundled site has no empty host."""
    found = heuristic_of(loaded.twin, loaded.rules)
    assert (found.hosts_asleep, found.num_broken) == (0, 0)
    assert found.saved_kwh == pytest.approx(0.0, abs=1e-9)
    assert found.sentence == "puts 0 empty hosts to sleep and keeps every rule"


def test_an_emptied_host_goes_to_sleep_and_saves_its_idle_energy(loaded) -> None:
    """The workloads of the first host run elsewhere; the host is on and holds nothing."""
    twin = loaded.twin.copy(deep=True)
    where = twin["workload_host"].values
    first = int(where[0])
    other = int(np.flatnonzero(np.bincount(where, minlength=twin.sizes["host"]) > 0)[-1])
    where[where == first] = other
    found = heuristic_of(twin, loaded.rules)
    assert found.hosts_asleep == 1
    energy = judge_today(twin, loaded.rules).simulation["host_energy_kwh"].values[first]
    assert found.saved_kwh > 0.5 * energy > 0
    assert found.sentence.startswith("puts 1 empty host to sleep")


@pytest.mark.parametrize(
    ("before", "objective", "bound", "energy", "expected"),
    [
        (110.0, 100.0, 99.0, False, False),
        (110.0, 100.0, 85.0, False, True),
        (110.0, 100.0, None, False, False),
        (110.0, 100.0, 99.0, True, True),
    ],
)
def test_a_saving_below_what_was_left_open_is_said_to_be_so(
    before: float, objective: float, bound: float | None, energy: bool, expected: bool
) -> None:
    """10 saved and 1 open is a saving; 10 saved and 15 open is none that is sure."""
    proof = SimpleNamespace(objective=objective, bound=bound)
    plan = SimpleNamespace(terms=[SimpleNamespace(before=before)], proof=proof)
    assert claimed(plan) == pytest.approx(before - objective)
    assert is_within_gap(plan, SimpleNamespace(is_within_gap=energy)) is expected
