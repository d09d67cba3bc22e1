"""Import the Alibaba GPU cluster trace (cluster-trace-gpu-v2023) as a site folder.

The trace lists nodes (cpu, memory, GPUs of one model) and pods (cpu, memory, a share of one GPU
or several whole GPUs, sometimes a list of allowed GPU models). It says nothing about racks, power,
cooling or where a pod ran; power comes from assumptions that each card states.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from optimiser.connect.gpu_power import derived_card, library_card
from optimiser.connect.gpu_start import place_first_fit
from optimiser.connect.report import (
    ImportReport,
    add_problems,
    pick_file,
    read_text_table,
    require_folder,
    whole_numbers,
)
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.errors import Problem, UsageError, raise_all
from optimiser.schema.site import Site

if TYPE_CHECKING:
    import pandas as pd

Which = Literal["ran", "running", "admitted", "all"]
Start = Literal["none", "first-fit"]
DEVICE = 1000
"""Amount that one GPU holds: thousandths of a GPU."""
NODE_PATTERN = "openb_node_list_{}_node.csv"
POD_PATTERN = "openb_pod_list_{}.csv"
_NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
_POD_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")


@dataclass(frozen=True)
class _Pods:
    """Pods that are taken, and a sentence on which those are."""

    table: pd.DataFrame
    note: str


def import_alibaba(
    source: Path,
    target: Path,
    *,
    pods: str = "default",
    nodes: str = "all",
    which: Which = "ran",
    start: Start = "none",
    force: bool = False,
) -> ImportReport:
    """Write the trace in ``source`` as the site folder ``target``.

    ``pods`` and ``nodes`` name the lists (``openb_pod_list_<pods>.csv``,
    ``openb_node_list_<nodes>_node.csv``). ``which`` takes the pods that were scheduled at some
    time (``ran``, whatever became of them later), those in phase Running, those that find room when
    all arrive in order, none leaves and each goes to the first node that fits (``admitted``), or
    ``all``, which may be more than the nodes hold. They are planned as if they ran at once, which
    is how the trace's published experiments use them.
    ``start`` says where they run today: the trace does not know (``none``), or the first node in
    list order with room, pod after pod in order of arrival (``first-fit``).

    Raises ``InputError`` with every mistake of the files, ``UsageError`` for a target in the way.
    """
    if start not in ("none", "first-fit"):
        raise UsageError(f"unknown start {start!r}", "none or first-fit")
    source = require_folder(source, "the GPU trace")
    node_path = pick_file(source, NODE_PATTERN, nodes, "nodes")
    pod_path = pick_file(source, POD_PATTERN, pods, "pods")
    node_table, pod_table = _read_nodes(node_path), _read_pods(pod_path)
    if which == "admitted":
        taken = _admitted(node_table, pod_table, pod_path)
    else:
        taken = _taken(pod_table, which, pod_path)
    placement = place_first_fit(node_table, taken.table) if start == "first-fit" else None
    folder = _site_folder(node_table, taken, placement, (node_path, pod_path))
    write_site(folder, target, force=force)
    placed = 0 if placement is None else len(placement)
    notes = _notes(taken, placement)
    return ImportReport(Path(target), len(node_table), len(taken.table), placed, notes)


def _read_nodes(path: Path) -> pd.DataFrame:
    table = read_text_table(path, _NODE_COLUMNS)
    problems: list[Problem] = []
    for field in ("cpu_milli", "memory_mib", "gpu"):
        table[field] = whole_numbers(table, path, field, problems)
    _check_names(table, path, "sn", problems)
    odd = (table["gpu"] > 0) & (table["model"] == "")
    form = Problem(what="node has GPUs without a model", file=str(path), field="model")
    add_problems(problems, table.index[odd], table.loc[odd, "sn"], form)
    raise_all(problems)
    return table


def _read_pods(path: Path) -> pd.DataFrame:
    table = read_text_table(path, _POD_COLUMNS)
    problems: list[Problem] = []
    for field in _POD_COLUMNS[1:]:
        table[field] = whole_numbers(table, path, field, problems)
    _check_names(table, path, "name", problems)
    odd = (table["num_gpu"] > 1) & (table["gpu_milli"] != DEVICE) | (table["gpu_milli"] > DEVICE)
    form = Problem(
        what="several GPUs are whole ones, and a share is at most one GPU",
        file=str(path),
        field="gpu_milli",
        expected="1000 when num_gpu is above 1, else 0 to 1000",
    )
    add_problems(problems, table.index[odd], table.loc[odd, "gpu_milli"], form)
    raise_all(problems)
    table["gpu"] = table["num_gpu"] * table["gpu_milli"]
    for field in ("gpu_spec", "qos"):
        if field not in table:
            table[field] = ""
    return table


def _check_names(table: pd.DataFrame, path: Path, field: str, problems: list[Problem]) -> None:
    twice = table[field].duplicated()
    form = Problem(what="name is used twice", file=str(path), field=field)
    add_problems(problems, table.index[twice], table.loc[twice, field], form)
    empty = table[field] == ""
    form = Problem(what="name is empty", file=str(path), field=field)
    add_problems(problems, table.index[empty], table.loc[empty, field], form)


def _taken(pods: pd.DataFrame, which: Which, path: Path) -> _Pods:
    needed = {"ran": "scheduled_time", "running": "pod_phase", "all": ""}
    if which not in needed:
        raise UsageError(f"unknown selection of pods {which!r}", "ran, running, admitted or all")
    column = needed[which]
    if which == "all":
        return _Pods(pods, f"all {len(pods)} pods of {path.name} are planned at once")
    if column not in pods:
        return _Pods(pods, f"{path.name} has no column {column}: all {len(pods)} pods are planned")
    is_taken = pods[column] != "" if which == "ran" else pods[column] == "Running"
    words = "were scheduled at some time" if which == "ran" else "are in phase Running"
    note = f"{int(is_taken.sum())} of {len(pods)} pods of {path.name} {words} and are planned"
    return _Pods(pods[is_taken], note)


def _admitted(nodes: pd.DataFrame, pods: pd.DataFrame, path: Path) -> _Pods:
    """Take the pods that first fit in order of arrival finds room for, so a plan exists."""
    is_taken = pods["name"].isin(place_first_fit(nodes, pods)["workload"])
    note = (
        f"{int(is_taken.sum())} of {len(pods)} pods of {path.name} find room when all arrive in "
        "order and stay, each on the first node that fits, and are planned"
    )
    return _Pods(pods[is_taken], note)


def _notes(taken: _Pods, placement: pd.DataFrame | None) -> tuple[str, ...]:
    notes = [
        taken.note,
        "the trace gives no power figures: the generic cards state the assumption behind theirs",
        "the trace gives no racks: a rack here is a group of like nodes, without limits",
    ]
    if placement is None:
        notes.append("the trace does not say where a pod ran: no placement of today is written")
    else:
        left = len(taken.table) - len(placement)
        notes.append(
            f"today's placement is first fit in order of arrival; {left} pods found no room"
        )
    return tuple(notes)


def _site_folder(
    nodes: pd.DataFrame, taken: _Pods, placement: pd.DataFrame | None, files: tuple[Path, Path]
) -> SiteFolder:
    kinds, cards = _kinds(nodes)
    tables = _tables(nodes, kinds, taken.table)
    if placement is not None:
        tables["placement.csv"] = placement
    site = Site.model_validate(_site_document(cards, taken, placement is not None))
    provenance = Provenance(
        title="Alibaba GPU cluster, one moment",
        origin="alibaba/clusterdata, cluster-trace-gpu-v2023",
        licence="as stated by the trace's publishers; not part of this project",
        how=f"dcopt import alibaba-gpu, from {files[0].name} and {files[1].name}",
        resolution="one moment: every pod uses what it asked for",
    )
    comments = {key: text for key, text in _COMMENTS.items() if key != "equipment" or cards}
    return SiteFolder(site, tables, provenance, site_comments=comments)


def _kinds(nodes: pd.DataFrame) -> tuple[pd.Series, list[dict[str, Any]]]:
    """Return the card name of each node, and the cards that the library does not have."""
    import pandas as pd

    names = pd.Series("", index=nodes.index)
    own: dict[str, dict[str, Any]] = {}
    for _, like in nodes.groupby(["cpu_milli", "gpu", "model"], sort=False):
        cpu, memory, gpu, model = like[list(_NODE_COLUMNS[1:])].iloc[0]
        known = library_card(cpu, gpu, model)
        if known is None:
            card = derived_card(int(cpu), int(memory), int(gpu), model)
            own[card["name"]] = card
        names[like.index] = known.name if known else card["name"]
    return names, list(own.values())


def _tables(nodes: pd.DataFrame, kinds: pd.Series, pods: pd.DataFrame) -> dict[str, Any]:
    import pandas as pd

    hosts = pd.DataFrame(
        {
            "name": nodes["sn"],
            "rack": kinds,
            "card": kinds,
            "cpu": nodes["cpu_milli"],
            "memory": nodes["memory_mib"],
            "gpu": nodes["gpu"] * DEVICE,
        }
    )
    racks = pd.DataFrame({"name": kinds.unique()})
    qos = pods["qos"].where(pods["qos"] != "", "unknown")
    workloads = pd.DataFrame(
        {
            "name": pods["name"],
            "service": qos.str.lower(),
            "cpu": pods["cpu_milli"],
            "memory": pods["memory_mib"],
            "gpu": pods["gpu"],
        }
    )
    if (pods["gpu_spec"] != "").any():
        spec = pods["gpu_spec"]
        workloads["labels"] = ("gpu_model=" + spec.str.strip("|")).where(spec != "", "")
    names = sorted(qos.unique())
    services = pd.DataFrame({"name": [n.lower() for n in names], "sla_class": names})
    return {
        "hosts.csv": hosts,
        "racks.csv": racks,
        "services.csv": services,
        "workloads.csv": workloads,
    }


def _site_document(
    cards: list[dict[str, Any]], taken: _Pods, has_placement: bool
) -> dict[str, Any]:
    pods = taken.table
    document: dict[str, Any] = {
        "format": "dcopt.site/1",
        "name": "alibaba-gpu",
        "description": f"GPU cluster of cluster-trace-gpu-v2023; {taken.note}.",
        "resources": [
            {"name": "cpu", "unit": "millicore", "drives_power": True},
            {"name": "memory", "unit": "MiB"},
            {"name": "gpu", "unit": "thousandth of a GPU", "device_size": DEVICE},
        ],
        **({"equipment": cards} if cards else {}),
        "tables": {
            "services": "services.csv",
            "placement": "placement.csv" if has_placement else None,
        },
        "sla_classes": [{"name": name} for name in sorted({q or "unknown" for q in pods["qos"]})],
    }
    if (pods["gpu_spec"] != "").any():
        document["policies"] = [
            {
                "kind": "require_label",
                "name": "gpu-model",
                "why": "the pod lists the GPU models it can use (gpu_spec)",
                "label": "gpu_model",
            }
        ]
    return document


_COMMENTS = {
    "resources": "A pod uses a share of one GPU or several whole GPUs, never parts of two.",
    "equipment": "Kinds of node that the library has no generic card for.",
    "sla_classes": "The trace's quality-of-service classes.",
}
