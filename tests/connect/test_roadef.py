"""Machine reassignment, one to one: objective and rules are the challenge's, to the integer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from connect.roadef_official import Official, judge, write_instance

from optimiser.analysis.placement_cost import placement_terms
from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.connect.roadef import import_roadef
from optimiser.connect.roadef_files import Instance, read_instance
from optimiser.errors import InputError, UsageError
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import Problem, lower
from optimiser.solve.search import Searcher
from optimiser.workflow.loading import Loaded, load


def _imported(model: Path, start: Path, folder: Path) -> tuple[Instance, Loaded, Problem]:
    import_roadef(model, start, folder / "site")
    loaded = load(folder / "site")
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    return read_instance(model, start), loaded, problem


def _agree(instance: Instance, loaded: Loaded, problem: Problem, host: np.ndarray) -> Official:
    """Compare verdict and every term of one assignment; return the official side."""
    official, on = judge(instance, host), np.ones(problem.num_hosts, dtype=bool)
    terms = evaluate(problem, host.astype(np.int32), on)
    assert verify(loaded.twin, loaded.rules, Placement(host, on)).is_legal == official.is_feasible
    assert terms == terms | {
        "energy_cost": 0.0, "carbon": 0.0, "water": 0.0, "host_on": 0.0,
        "embodied": 0.0, "safety_load": official.load, "balance": official.balance,
        "migration": official.process_moves, "service_moves": official.service_moves,
        "host_moves": official.machine_moves,
    }  # fmt: skip
    assert sum(terms.values()) == official.total
    counted = placement_terms(loaded.twin, loaded.study.weights, host)
    assert counted == {name: terms[name] for name in counted}
    return official


def _feasible_walk(problem: Problem, seed: int) -> list[np.ndarray]:
    """Return assignments on a random walk of legal moves, hot to cold."""
    searcher = Searcher(problem)
    left = searcher.load(problem.today, problem.today_on)
    assert not len(left)
    found = []
    for stop in range(3):
        searcher.run(4, 0.04 / (stop + 1), 0.03 / (stop + 1), seed + stop)
        searcher.walk(3_000, 1.0 - 0.4 * stop, seed + stop)
        found.append(searcher.candidate().host.astype(np.int64))
    return found


@pytest.mark.parametrize("seed", range(1, 7))
def test_objective_and_rules_are_the_challenges(seed: int, tmp_path: Path) -> None:
    """First, random and walked assignments: same verdict, same five costs, same sum."""
    instance, loaded, problem = _imported(*write_instance(tmp_path, seed), tmp_path)
    assert _agree(instance, loaded, problem, instance.assignment).is_feasible
    rng, refused = np.random.default_rng(seed), 0
    for _ in range(30):
        host = instance.assignment.copy()
        moved = rng.integers(0, len(host), 3)
        host[moved] = rng.integers(0, problem.num_hosts, 3)
        refused += not _agree(instance, loaded, problem, host).is_feasible
    assert refused > 5
    walk = _feasible_walk(problem, seed)
    assert any((host != instance.assignment).any() for host in walk)
    for host in walk:
        assert _agree(instance, loaded, problem, host).is_feasible


@pytest.mark.shared
@pytest.mark.parametrize("name", [
    "A/a0_0", "A/a1_1", "A/a1_2", "A/a1_3", "A/a1_4", "A/a1_5",
    "A/a2_1", "A/a2_2", "A/a2_3", "A/a2_4", "A/a2_5", "B/b_1", "B/b_2",
])  # fmt: skip
def test_public_instance_is_mapped_exactly(name: str, shared_data: Path, tmp_path: Path) -> None:
    """On the public instances too: first assignment and feasible ones on a random walk."""
    folder, instance_name = name.split("/")
    model = shared_data / "roadef2012" / folder / f"model_{instance_name}.txt"
    if not model.is_file():
        pytest.skip(f"{model.name} is not beside this checkout")
    start = model.with_name(f"assignment_{instance_name}.txt")
    instance, loaded, problem = _imported(model, start, tmp_path)
    assert _agree(instance, loaded, problem, instance.assignment).is_feasible
    for host in _feasible_walk(problem, 1):
        assert _agree(instance, loaded, problem, host).is_feasible


def test_floor_is_below_every_assignment(tmp_path: Path) -> None:
    """The arithmetic bound holds for all that the walk meets, and is not nothing."""
    _, _, problem = _imported(*write_instance(tmp_path, 3), tmp_path)
    floor = problem.place.floor(problem.use[problem.flavour].sum(axis=0), problem.rated)
    assert floor > 0
    for host in _feasible_walk(problem, 5):
        load = np.zeros_like(problem.rated)
        np.add.at(load, host, problem.use[problem.flavour])
        assert floor <= sum(map(np.sum, problem.place.by_load(load, problem.rated)))


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda text: text.rsplit("\n", 3)[0], "ends too early"),
        (lambda text: text + "4 4\n", "left over"),
        (lambda text: text.replace("0 10", "0 ten", 1), "not a whole number"),
        (lambda text: text.replace("0 10", "0 -1", 1), "out of range"),
    ],
)
def test_damaged_model_is_refused(damage, what: str, tmp_path: Path) -> None:
    """The error names the file and what is wrong with it; nothing is written."""
    model, start = write_instance(tmp_path)
    model.write_text(damage(model.read_text(encoding="ascii")), encoding="ascii")
    with pytest.raises(InputError, match=what) as caught:
        import_roadef(model, start, tmp_path / "site")
    assert "model_tiny.txt" in str(caught.value)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(("text", "what"), [("0 1 2", "wrong number"), ("99 " * 200, "wrong")])
def test_assignment_must_belong_to_the_model(text: str, what: str, tmp_path: Path) -> None:
    """An assignment of another model is refused by its length."""
    model, start = write_instance(tmp_path)
    start.write_text(text, encoding="ascii")
    with pytest.raises(InputError, match=what):
        import_roadef(model, start, tmp_path / "site")


def test_machine_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """Machines count from 0, so their number itself is none."""
    model, start = write_instance(tmp_path)
    words = start.read_text(encoding="ascii").split()
    start.write_text(" ".join(["8", *words[1:]]), encoding="ascii")
    with pytest.raises(InputError, match="no such machine"):
        import_roadef(model, start, tmp_path / "site")


def test_site_in_the_way_is_kept(tmp_path: Path) -> None:
    """A second import needs --force."""
    model, start = write_instance(tmp_path)
    import_roadef(model, start, tmp_path / "site")
    with pytest.raises(UsageError, match="--force"):
        import_roadef(model, start, tmp_path / "site")
