"""Vector bin packing becomes a site whose objective is the number of bins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.connect.vbp import Items, first_fit_decreasing, import_vbp, lift, read_vbp
from optimiser.errors import InputError, UsageError
from optimiser.schema.study import SolverSettings
from optimiser.solve.engine import solve_study
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower
from optimiser.workflow.loading import Loaded, load

# three kinds of items in two dimensions; two of the first and one of the second fill a bin
TINY = "2\n10 9\n3\n4 3 3\n2 3 2\n5 0 1\n"
SETTINGS = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=2, threads=1)


def _write(folder: Path, text: str) -> Path:
    path = folder / "tiny_3.vbp"
    path.write_text(text, encoding="utf-8")
    return path


def _loaded(source: Path, target: Path) -> Loaded:
    import_vbp(source, target)
    return load(target)


def test_sizes_and_counts_are_those_of_the_file(tmp_path: Path) -> None:
    """Every line is a component with replicas, every dimension a resource of every bin."""
    report = import_vbp(_write(tmp_path, TINY), tmp_path / "site")
    workloads = pd.read_csv(tmp_path / "site" / "workloads.csv")
    assert workloads[["replicas", "d1", "d2"]].to_numpy().tolist() == [
        [3, 4, 3], [2, 2, 3], [1, 5, 0],
    ]  # fmt: skip
    assert (report.workloads, report.placed) == (6, 0)
    twin = load(tmp_path / "site").twin
    assert (twin["host_capacity"].values == [10, 9]).all()
    assert twin.sizes["host"] == report.hosts


def test_objective_of_any_plan_is_its_bins(tmp_path: Path) -> None:
    """Whatever is placed where, a plan costs the number of hosts that are on, to the last digit."""
    loaded = _loaded(_write(tmp_path, TINY), tmp_path / "site")
    problem = lower(loaded.twin, loaded.rules, loaded.study.weights)
    rng = np.random.default_rng(1)
    for _ in range(20):
        host = rng.integers(0, problem.num_hosts, problem.num_workloads).astype(np.int32)
        on = np.zeros(problem.num_hosts, dtype=bool)
        on[host] = True
        assert sum(evaluate(problem, host, on).values()) == len(set(host.tolist()))


def test_engine_proves_the_fewest_bins(tmp_path: Path) -> None:
    """12 + 4 + 5 = 21 in bins of 10 need three; the engine finds and proves them."""
    loaded = _loaded(_write(tmp_path, TINY), tmp_path / "site")
    study = loaded.study.model_copy(update={"solver": SETTINGS})
    result = solve_study(loaded.twin, loaded.rules, study)
    found = result.candidate
    assert found.objective == pytest.approx(3.0)
    assert result.bound == pytest.approx(3.0)
    assert verify(loaded.twin, loaded.rules, Placement(found.host, found.on)).is_legal


def test_first_fit_decreasing_by_hand() -> None:
    """Shares 0.9, 0.6, 0.5, 0.4: the third opens a second bin beside 0.6? No: 0.6 + 0.4 go there.

    0.9 opens bin 1, 0.6 bin 2, 0.5 bin 3, 0.4 fits bin 2.
    """
    sizes = np.array([[4, 0], [9, 0], [5, 0], [6, 0]])
    assert first_fit_decreasing(Items(np.array([10, 10]), sizes, np.ones(4, dtype=int))) == 3


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("2\n10 9\n1\n4 x 3\n", 4, "is no whole number"),
        ("2\n10 9\n1\n4 3 -3\n", 4, "is no whole number"),
        ("2\n10 -9\n1\n4 3 3\n", 2, "is no whole number"),
        ("2\n10 9\n1\n4 -3 3\n", None, "holds sizes below 0"),
        ("2\n10 9 8\n1\n4 3 3\n", 2, "has another number of values"),
        ("2\n10 9\n1\n4 3\n", 4, "has another number of values"),
        ("2\n10 9\n2\n4 3 3\n", 3, "has another number of lines"),
        ("2\n10 9\n1\n4 10 3\n", 4, "larger than a bin"),
        ("2\n10 9\n1\n4 3 0\n", None, "holds no item"),
        ("2\n0 0\n1\n0 0 1\n", None, "holds no capacity"),
        ("2\n10 9\n", None, "ends too early"),
        ("", None, "ends too early"),
    ],
)
def test_mistakes_are_located(tmp_path: Path, text: str, line: int | None, told: str) -> None:
    """Each mistake names the file, the line and what was expected, and nothing is written."""
    path = _write(tmp_path, text)
    with pytest.raises(InputError, match=told) as caught:
        import_vbp(path, tmp_path / "site")
    assert caught.value.problems[0].line == line
    assert caught.value.problems[0].expected
    assert not (tmp_path / "site").exists()


def test_what_is_in_the_way_stays(tmp_path: Path) -> None:
    """A folder that is there is refused, and a file that is not there too."""
    path = _write(tmp_path, TINY)
    import_vbp(path, tmp_path / "site")
    with pytest.raises(UsageError, match="exists already"):
        import_vbp(path, tmp_path / "site")
    with pytest.raises(InputError, match="is not the file"):
        import_vbp(tmp_path / "none.vbp", tmp_path / "other")


def test_sizes_below_zero_are_lifted_exactly(tmp_path: Path) -> None:
    """Triplets of 10 with a size of −2: (7, 5, −2) and (4, 3, 3) fill two bins, proven.

    Cut off at 0, 7 + 5 + 0 would not fit and three bins would be needed.
    """
    source = _write(tmp_path, "1\n10\n5\n7 1\n5 1\n-2 1\n4 1\n3 2\n")
    loaded = _loaded(source, tmp_path / "site")
    study = loaded.study.model_copy(update={"solver": SETTINGS})
    result = solve_study(loaded.twin, loaded.rules, study)
    assert result.candidate.objective == pytest.approx(2.0)
    given = np.array([7, 5, -2, 4, 3, 3])
    host = result.candidate.host
    assert [int(given[host == h].sum()) for h in np.unique(host)] == [10, 10]


@pytest.mark.shared
def test_real_instances_agree_with_a_plain_reading(shared_data: Path, tmp_path: Path) -> None:
    """Total sizes equal those summed token by token; first fit is never below the optimum."""
    folder = shared_data / "vector-bin-packing"
    best = pd.read_csv(folder / "New_summary_known.tsv", sep="\t", index_col=0)["OPT"]
    for name in ("class1_20_3_0", "class2_60_5_1", "class3_120_10_2"):
        path = folder / "New" / name.split("_")[0] / f"{name}.vbp"
        tokens = np.array(path.read_text().split(), dtype=np.int64)
        dims = int(tokens[0])
        rows = tokens[2 + dims :].reshape(-1, dims + 1)
        expected = (rows[:, :dims] * rows[:, dims:]).sum(axis=0)
        report = import_vbp(path, tmp_path / name)
        twin = load(tmp_path / name).twin
        used = twin["flavour_usage"].values[twin["workload_flavour"].values, :, 0].sum(axis=0)
        assert used.tolist() == expected.tolist()
        assert report.workloads == int(rows[:, dims].sum())
        assert report.hosts >= best.get(name, 1)
        assert report.hosts >= np.ceil(expected / tokens[1 : 1 + dims]).max()


@pytest.mark.shared
def test_every_real_instance_is_read(shared_data: Path) -> None:
    """All files of the collection have the form that is read, with at least one item."""
    files = sorted((shared_data / "vector-bin-packing").rglob("*.vbp"))
    assert len(files) > 600
    lifted = 0
    for path in files:
        given = read_vbp(path)
        items = lift(given, path)
        lifted += items is not given
        assert items.count.sum() > 0
        assert (items.size >= 0).all()
        assert (items.size <= items.capacity).all()
        assert items.fewest == given.fewest
    assert lifted > 50
