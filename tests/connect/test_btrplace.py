"""A BtrPlace instance becomes a site whose objective is the number of moves."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify, violations_today
from optimiser.connect.btrplace import import_btrplace, resource_names
from optimiser.errors import InputError
from optimiser.schema.study import SolverSettings
from optimiser.solve.engine import solve_study
from optimiser.workflow.loading import Loaded, load

SETTINGS = SolverSettings(time_limit_s=60.0, gap=0.0, work_limit=2, threads=1)
GROUPS = [[0, 1], [2, 3]]


def _instance(*constraints: dict[str, Any]) -> dict[str, Any]:
    """Four nodes of 10 in two groups, node 3 off; VMs 1 to 5 of 4, VM 6 ready, VM 7 asleep."""
    running = {"0": [1, 2], "1": [3], "2": [4, 5]}
    online = {key: {"runningVMs": vms, "sleepingVMs": []} for key, vms in running.items()}
    online["2"]["sleepingVMs"] = [7]
    return {
        "model": {
            "mapping": {"readyVMs": [6], "onlineNodes": online, "offlineNodes": [3]},
            "attributes": {},
            "views": [
                {"id": "ns", "type": "vm", "map": {}},
                {
                    "id": "shareableResource", "rcId": "uCpu", "defConsumption": 4,
                    "defCapacity": 10, "nodes": {"2": 12}, "vms": {"6": 3},
                },
            ],
        },
        "constraints": list(constraints),
        "objective": {"id": "minimizeMTTR"},
    }  # fmt: skip


def _write(folder: Path, document: object) -> Path:
    path = folder / "tiny.json.gz"
    path.write_bytes(gzip.compress(json.dumps(document).encode()))
    return path


def _loaded(folder: Path, *constraints: dict[str, Any]) -> Loaded:
    import_btrplace(_write(folder, _instance(*constraints)), folder / "site")
    return load(folder / "site")


def _moves(loaded: Loaded) -> tuple[float, dict[str, str]]:
    """Return the proven fewest moves and the node of each VM."""
    study = loaded.study.model_copy(update={"solver": SETTINGS})
    result = solve_study(loaded.twin, loaded.rules, study)
    found, twin = result.candidate, loaded.twin
    assert result.bound == pytest.approx(found.objective)
    assert verify(twin, loaded.rules, Placement(found.host, found.on)).is_legal
    names = twin["host"].values[found.host]
    return found.objective, dict(zip(twin["workload"].values, names, strict=True))


def test_nodes_and_vms_are_those_of_the_file(tmp_path: Path) -> None:
    """Running VMs with their amounts and places; ready and sleeping ones are left out."""
    twin = _loaded(tmp_path).twin
    assert twin["host"].values.tolist() == ["node-0", "node-1", "node-2", "node-3"]
    assert twin["host_capacity"].values[:, 0].tolist() == [10, 10, 12, 10]
    assert twin["host_on"].values.tolist() == [True, True, True, False]
    assert twin["workload"].values.tolist() == [f"vm-{key}" for key in range(1, 6)]
    assert twin["workload_host"].values.tolist() == [0, 0, 1, 2, 2]
    assert (twin["flavour_usage"].values == 4).all()


def test_nothing_asked_nothing_moves(tmp_path: Path) -> None:
    """Without constraints today is the plan, and it costs exactly nothing."""
    assert _moves(_loaded(tmp_path))[0] == 0.0


def test_preserved_amounts_overfill_a_node(tmp_path: Path) -> None:
    """VM 1 of 8 beside VM 2 of 4 is 12 of 10: one of the two moves, and a move costs 1."""
    loaded = _loaded(tmp_path, {"id": "preserve", "vm": 1, "rc": "uCpu", "amount": 8})
    assert not violations_today(loaded.twin, loaded.rules).is_legal
    moves, where = _moves(loaded)
    assert moves == pytest.approx(1.0)
    assert where["vm-1"] != where["vm-2"]


def test_spread_sets_are_kept_apart(tmp_path: Path) -> None:
    """VMs 1 and 2 share node 0 today; a set without VMs that run in the end asks nothing."""
    loaded = _loaded(tmp_path, {"id": "spread", "vms": [1, 2]}, {"id": "spread", "vms": [4, 6]})
    assert [rule.kind for rule in loaded.rules] == ["anti_affinity"]
    moves, where = _moves(loaded)
    assert moves == pytest.approx(1.0)
    assert where["vm-1"] != where["vm-2"]


def test_overlapping_sets_have_policies_of_their_own(tmp_path: Path) -> None:
    """VM 1 away from 2, and from 4: the second set overlaps the first and is kept as well."""
    loaded = _loaded(tmp_path, {"id": "spread", "vms": [1, 2]}, {"id": "spread", "vms": [1, 4, 5]})
    assert [rule.kind for rule in loaded.rules] == ["anti_affinity", "anti_affinity"]
    moves, where = _moves(loaded)
    assert moves == pytest.approx(2.0)
    assert len({where[f"vm-{key}"] for key in (1, 4, 5)}) == 3
    assert where["vm-1"] != where["vm-2"]


def test_among_keeps_a_set_in_one_group(tmp_path: Path) -> None:
    """VMs 3 and 4 are in different groups today; groups are racks, and one of the two moves."""
    loaded = _loaded(tmp_path, {"id": "among", "vms": [3, 4], "parts": GROUPS})
    assert loaded.twin["host_rack"].values.tolist() == [0, 0, 1, 1]
    moves, where = _moves(loaded)
    assert moves == pytest.approx(1.0)
    assert {where["vm-3"], where["vm-4"]} in ({"node-1", "node-0"}, {"node-2", "node-3"},
                                              {"node-1"}, {"node-2"})  # fmt: skip


def test_among_shuts_out_other_nodes(tmp_path: Path) -> None:
    """A node of no group is not for a set that has to be in one."""
    parts = [[0], [2, 3]]
    loaded = _loaded(tmp_path, {"id": "among", "vms": [3, 4], "parts": parts})
    moves, where = _moves(loaded)
    assert moves == pytest.approx(1.0)
    assert where["vm-3"] in ("node-2", "node-3")


def test_nodes_that_leave_are_emptied(tmp_path: Path) -> None:
    """Node 1 has to be off: its VM moves; the sleeping node may be woken for nothing."""
    loaded = _loaded(tmp_path, {"id": "offline", "node": 1}, {"id": "online", "node": 3})
    moves, where = _moves(loaded)
    assert moves == pytest.approx(1.0)
    assert where["vm-3"] != "node-1"


def test_states_of_vms(tmp_path: Path) -> None:
    """A ready VM starts, which is no move; one that is killed takes no room any more."""
    loaded = _loaded(
        tmp_path,
        {"id": "running", "vm": 6},
        {"id": "killed", "vm": 5},
        {"id": "running", "vm": 1},
    )
    assert loaded.twin["workload"].values.tolist() == [f"vm-{key}" for key in (1, 2, 3, 4, 6)]
    assert loaded.twin["workload_host"].values.tolist()[-1] == -1
    assert _moves(loaded)[0] == 0.0


def test_rules_about_single_vms_and_nodes(tmp_path: Path) -> None:
    """Root stays, ban and fence bind, quarantine shuts a node; 1 and 2 have to leave node 0."""
    loaded = _loaded(
        tmp_path,
        {"id": "root", "vm": 3},
        {"id": "ban", "vm": 1, "nodes": [0, 1]},
        {"id": "fence", "vm": 2, "nodes": [1, 3]},
        {"id": "quarantine", "node": 2},
        {"id": "gather", "vms": [4, 5]},
    )
    kinds = sorted(rule.kind for rule in loaded.rules)
    assert kinds == ["affinity", "ban", "fence", "preserve", "quarantine"]
    moves, where = _moves(loaded)
    assert moves == pytest.approx(2.0)
    assert where["vm-1"] == "node-3"
    assert where["vm-2"] in ("node-1", "node-3")
    assert (where["vm-4"], where["vm-5"]) == ("node-2", "node-2")


def test_orders_of_migrations_are_orders_of_moves(tmp_path: Path) -> None:
    """VMs 4 and 5 leave node 2 in step, after 1; who starts, ends or is alone is left out."""
    loaded = _loaded(
        tmp_path,
        {"id": "offline", "node": 2},
        {"id": "running", "vm": 6},
        {"id": "killed", "vm": 3},
        {"id": "Precedence", "vm1": 1, "vm2": 4, "continuous": True},
        {"id": "Precedence", "vm1": 6, "vm2": 4, "continuous": True},
        {"id": "Precedence", "vm1": 4, "vm2": 4, "continuous": True},
        {"id": "Sync", "vms": [5, 4, 6], "continuous": True},
        {"id": "Serialize", "vms": [1, 2, 2], "continuous": True},
        {"id": "Serialize", "vms": [1, 3], "continuous": True},
    )
    told = {
        policy.name: policy.model_dump(
            include={"before", "after", "workloads"}, exclude_defaults=True
        )
        for policy in loaded.site_input.site.policies
    }
    assert told == {
        "precedence-1": {"before": {"names": ["vm-1"]}, "after": {"names": ["vm-4"]}},
        "sync-1": {"workloads": {"names": ["vm-4", "vm-5"]}},
        "serialize-1": {"workloads": {"names": ["vm-1", "vm-2"]}},
    }
    moves, where = _moves(loaded)
    assert moves == pytest.approx(2.0)
    assert "node-2" not in where.values()
    assert [rule.name for rule in loaded.way] == list(told)


@pytest.mark.parametrize(
    ("constraint", "told"),
    [
        ({"id": "lonely", "vms": [1]}, "not understood"),
        ({"id": "Deadline", "vm": 1, "timestamp": "+0:1:0"}, "not understood"),
        ({"id": "Precedence", "vm1": 1, "vm2": 99}, "no such id"),
        ({"id": "Precedence", "vm1": 1}, "no such id"),
        ({"id": "Sync", "vms": []}, "no list of ids"),
        ({"id": "spread", "vms": [1, 99]}, "no such id"),
        ({"id": "spread", "vms": [1, [2]]}, "no such id"),
        ({"id": "spread", "vms": []}, "no list of ids"),
        ({"id": "offline", "node": 7}, "no such id"),
        ({"id": "preserve", "vm": 1, "rc": "uCpu", "amount": -1}, "no amount"),
        ({"id": "preserve", "vm": 1, "rc": "disk", "amount": 1}, "no such resource"),
        ({"id": "among", "vms": [1], "parts": [[0, 1], [1, 2]]}, "overlap"),
        ({"id": "among", "vms": [1], "parts": []}, "no list of ids"),
    ],
)
def test_what_is_not_understood_is_refused(
    tmp_path: Path, constraint: dict[str, Any], told: str
) -> None:
    """No constraint is passed over in silence, and nothing is written."""
    with pytest.raises(InputError, match=told):
        import_btrplace(_write(tmp_path, _instance(constraint)), tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_vm_in_two_places_is_refused(tmp_path: Path) -> None:
    """A VM runs once, and a file without a mapping holds no instance."""
    document = _instance()
    document["model"]["mapping"]["readyVMs"] = [1]
    with pytest.raises(InputError, match="two places"):
        import_btrplace(_write(tmp_path, document), tmp_path / "site")
    with pytest.raises(InputError, match="mapping"):
        import_btrplace(_write(tmp_path, {"model": {}}), tmp_path / "site")


def test_names_of_resources() -> None:
    """Names are those of columns; what would be none gets a number."""
    found = resource_names(["uCpu", "memory", "U-CPU", "7"])
    assert found == ["u_cpu", "memory", "r3_u_cpu", "r4_7"]


def _recount(document: dict[str, Any]) -> dict[str, Any]:
    """Return counts of a document by plain loops, apart from the importer."""
    mapping, constraints = document["model"]["mapping"], document["constraints"]
    online = mapping["onlineNodes"].items()
    host = {vm: int(node) for node, c in online for vm in c["runningVMs"]}
    started = [c["vm"] for c in constraints if c["id"] == "running" and c["vm"] not in host]
    over = set()
    for view in document["model"]["views"]:
        if view["id"] != "shareableResource":
            continue
        amount = {int(vm): value for vm, value in view["vms"].items()}
        amount |= {
            c["vm"]: c["amount"]
            for c in constraints
            if c["id"] == "preserve" and c["rc"] == view["rcId"]
        }
        load = dict.fromkeys(map(int, view["nodes"]), 0)
        for vm, node in host.items():
            load[node] += amount[vm]
        over |= {node for node, used in load.items() if used > view["nodes"][str(node)]}
    sets = [c["vms"] for c in constraints if c["id"] == "spread"]
    return {"vms": len(host) + len(started), "placed": len(host), "over": over, "sets": sets}


@pytest.mark.shared
@pytest.mark.parametrize("name", ["li_r3_c0", "li_r3_c100", "li_r6_c0", "nr_r4_c33"])
def test_real_instances_agree_with_a_plain_count(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    """VMs, overfull nodes and spread sets are those of a recount."""
    source = shared_data / "btrplace" / f"{name}.json.gz"
    truth = _recount(json.loads(gzip.decompress(source.read_bytes())))
    report = import_btrplace(source, tmp_path / "site")
    assert (report.workloads, report.placed) == (truth["vms"], truth["placed"])
    loaded = load(tmp_path / "site")
    broken = violations_today(loaded.twin, loaded.rules)
    where = {violation.where.split(",")[0] for violation in broken.violations}
    assert broken.broken.get("capacity", 0) == len(truth["over"])
    assert where <= {f"node-{node}" for node in truth["over"]} | {
        f"host node-{node}" for node in truth["over"]
    }
    groups = [rule for rule in loaded.rules if rule.kind == "anti_affinity"]
    sizes = np.concatenate([np.bincount(rule.group[rule.group >= 0]) for rule in groups] or [[]])
    assert sorted(sizes.tolist()) == sorted(len(vms) for vms in truth["sets"])


@pytest.mark.shared
def test_real_groups_become_racks(shared_data: Path, tmp_path: Path) -> None:
    """The groups of nodes of the instance are racks, and the sets of among stay in one today."""
    import_btrplace(shared_data / "btrplace" / "li_r3_c100.json.gz", tmp_path / "site")
    racks = pd.read_csv(tmp_path / "site" / "hosts.csv")["rack"].value_counts()
    assert racks.to_dict() == {f"group-{number}": 250 for number in range(1, 21)}
    loaded = load(tmp_path / "site")
    among = next(rule for rule in loaded.rules if rule.kind == "affinity")
    assert len(among.group_names) == 852
    assert verify(loaded.twin, [among], _today(loaded)).broken.get("among", 0) == 0


def _today(loaded: Loaded) -> Placement:
    twin = loaded.twin
    return Placement(twin["workload_host"].values, twin["host_on"].values.astype(bool))
