"""``dcopt import``: make a site folder from another tool's files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import SETTINGS, verb

if TYPE_CHECKING:
    from optimiser.workflow.imports import Demand, ImportReport, Memory, Start, Which


@click.group(name="import", context_settings=SETTINGS)
def import_group() -> None:
    """Make a site folder from another tool's files or a public data set.

    The folder is written whole or not at all, with a dataset.yaml that says where everything
    came from and what was assumed; dcopt check and dcopt plan then read it like any other site.
    """


_TARGET = click.option(
    "-o",
    "--output",
    "target",
    required=True,
    type=click.Path(path_type=Path),
    help="Site folder to write.",
)
_FORCE = click.option("--force", is_flag=True, help="Replace a site that is there.")
_FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@verb(
    name="alibaba-gpu",
    examples=(
        ("dcopt import alibaba-gpu cluster-trace-gpu-v2023/csv -o gpu", "Import the trace"),
        ("dcopt plan gpu", "Plan it"),
    ),
)
@_FOLDER
@_TARGET
@click.option("--pods", default="default", show_default=True, help="Which list of pods to read.")
@click.option("--nodes", default="all", show_default=True, help="Which list of nodes to read.")
@click.option(
    "--which",
    type=click.Choice(("ran", "running", "admitted", "all")),
    default="ran",
    show_default=True,
    help="Pods that ran at some time, that still run at the end, that find room when all "
    "arrive and none leaves, or all of the list, which may not fit.",
)
@click.option(
    "--start",
    type=click.Choice(("none", "first-fit")),
    default="none",
    show_default=True,
    help="Today's placement: the trace has none; first-fit places pods as they arrived.",
)
@_FORCE
def alibaba_gpu(
    call: Call,
    folder: Path,
    target: Path,
    pods: str,
    nodes: str,
    which: Which,
    start: Start,
    force: bool,
) -> None:
    """Import the Alibaba GPU cluster trace of 2023 from the folder with its CSV files.

    Nodes become hosts with one card per GPU model, GPU count, CPU and memory; pods become
    workloads that ask for CPU, memory and whole or shared GPUs, fenced to the GPU models they
    name. The power numbers of the cards are generic and say so.
    """
    from optimiser.workflow.imports import import_alibaba

    _tell(
        call,
        import_alibaba(
            folder, target, pods=pods, nodes=nodes, which=which, start=start, force=force
        ),
    )


@verb(
    name="planetlab",
    examples=(
        ("dcopt import planetlab planetlab/20110303 -o pl", "Import one day"),
        ("dcopt plan pl", "Plan it"),
    ),
)
@_FOLDER
@_TARGET
@click.option(
    "--memory",
    type=click.Choice(("ignore", "honour")),
    default="ignore",
    show_default=True,
    help="Whether the memory of the VM types counts.",
)
@_FORCE
def planetlab(call: Call, folder: Path, target: Path, memory: Memory, force: bool) -> None:
    """Import one day of PlanetLab CPU traces (a folder of one file per VM).

    The VMs run on a synthetic fleet of 800 hosts of the two published HP server models, spread
    round robin, in 288 periods of five minutes.
    """
    from optimiser.workflow.imports import import_planetlab

    _tell(call, import_planetlab(folder, target, memory=memory, force=force))


@verb(
    name="bitbrains",
    examples=(
        ("dcopt import bitbrains rnd-2013-7.parquet -o vms", "Import a month, hour by hour"),
        ("dcopt import bitbrains rnd-2013-7.parquet -o peaks --demand peaks", "Pack peaks"),
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@_TARGET
@click.option(
    "--demand",
    type=click.Choice(("hours", "peaks")),
    default="hours",
    show_default=True,
    help="What each VM uses hour by hour, or its largest use at all hours.",
)
@_FORCE
def bitbrains(call: Call, file: Path, target: Path, demand: Demand, force: bool) -> None:
    """Import a month of enterprise VMs (GWA-T-12, one Parquet file).

    The file has a row for each VM and sample with vm, ts (seconds since 1970), cpu_mhz and mem_kb.
    The VMs run on 64 equal hosts of the library, because the traces hold none.
    """
    from optimiser.workflow.imports import import_bitbrains

    _tell(call, import_bitbrains(file, target, demand=demand, force=force))


@verb(
    name="roadef",
    examples=(
        ("dcopt import roadef model_a1_1.txt assignment_a1_1.txt -o a1_1", "Import an instance"),
        ("dcopt plan a1_1 --time-limit 300", "Plan it"),
        ("dcopt export roadef a1_1 -o new.txt", "Write the plan as an assignment"),
    ),
)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("assignment", type=click.Path(path_type=Path))
@_TARGET
@_FORCE
def roadef(call: Call, model: Path, assignment: Path, target: Path, force: bool) -> None:
    """Import an instance of the ROADEF/EURO challenge 2012 (machine reassignment).

    MODEL is a model file, ASSIGNMENT its first assignment. Machines become hosts and processes
    workloads; constraints and costs are the challenge's, one to one, so that the objective of a
    plan is the official one. Energy has no price.
    """
    from optimiser.workflow.imports import import_roadef

    _tell(call, import_roadef(model, assignment, target, force=force))


_FILE = click.argument("file", type=click.Path(path_type=Path))


@verb(
    name="vbp",
    examples=(
        ("dcopt import vbp class1_20_3_0.vbp -o bins", "Import an instance"),
        ("dcopt plan bins", "Find the fewest bins"),
    ),
)
@_FILE
@_TARGET
@_FORCE
def vbp(call: Call, file: Path, target: Path, force: bool) -> None:
    """Import an instance of vector bin packing.

    Bins become hosts that cost 1 while they are on, items workloads, and dimensions resources: the
    objective of a plan is its number of bins. Energy is free.
    """
    from optimiser.workflow.imports import import_vbp

    _tell(call, import_vbp(file, target, force=force))


@verb(
    name="cloud-balancing",
    examples=(
        ("dcopt import cloud-balancing 100computers-300processes.json -o cb", "Import a problem"),
        ("dcopt plan cb", "Find the cheapest computers"),
    ),
)
@_FILE
@_TARGET
@_FORCE
def cloud_balancing(call: Call, file: Path, target: Path, force: bool) -> None:
    """Import a cloud balancing problem (JSON).

    Computers become hosts with a cost of their own, processes workloads: the objective of a plan
    is the sum of the costs of the computers in use. Energy and moves are free.
    """
    from optimiser.workflow.imports import import_cloud_balancing

    _tell(call, import_cloud_balancing(file, target, force=force))


@verb(
    name="btrplace",
    examples=(
        ("dcopt import btrplace li_r3_c0.json.gz -o repair", "Import an instance"),
        ("dcopt plan repair", "Mend it with the fewest moves"),
    ),
)
@_FILE
@_TARGET
@_FORCE
def btrplace(call: Call, file: Path, target: Path, force: bool) -> None:
    """Import a BtrPlace reconfiguration instance (JSON, also compressed by gzip).

    Nodes become hosts, VMs that run in the end workloads with what is preserved for them, and
    constraints policies: the objective of a plan is its number of moves. Energy is free.
    Constraints that are not understood are refused by name.
    """
    from optimiser.workflow.imports import import_btrplace

    _tell(call, import_btrplace(file, target, force=force))


def _tell(call: Call, report: ImportReport) -> None:
    from optimiser.cli.console import print_json, print_tables

    if call.json:
        print_json("dcopt.import/1", report.to_dict())
        return
    told = f"{report.hosts:,} hosts and {report.workloads:,} workloads"
    print_tables(f"{report.target}: {told}, {report.placed:,} placed today")
    print_tables(*(f"  {note}" for note in report.notes))
    if not call.quiet:
        print_tables(f"next: dcopt plan {report.target}")


import_group.add_command(alibaba_gpu)
import_group.add_command(planetlab)
import_group.add_command(bitbrains)
import_group.add_command(roadef)
import_group.add_command(vbp)
import_group.add_command(cloud_balancing)
import_group.add_command(btrplace)
