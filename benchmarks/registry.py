"""Every benchmark as a frozen spec: what is measured, on what, by which command, against what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spec:
    """One benchmark.

    ``data`` is a folder below the shared data or ``generated``; ``command`` is what a user would
    type for the main figure; ``limit`` what the run may spend; ``target`` what is to be reached.
    ``run`` names the function that measures (``module:function``) and ``options`` its arguments.
    ``is_short`` ones belong to ``make bench``.
    """

    name: str
    what: str
    data: str
    command: str
    limit: str
    target: str
    run: str
    options: tuple[tuple[str, str | float], ...] = ()
    is_short: bool = True


def _gpu(name: str, pods: str, seconds: float, which: str = "ran", short: bool = False) -> Spec:
    options = f"--pods {pods} --which {which}"
    return Spec(
        name=name,
        what=f"Energy of a GPU cluster: Alibaba 2023, list {pods}, pods: {which}",
        data="alibaba-gpu-2023",
        command=f"dcopt import alibaba-gpu DIR -o gpu {options} && "
        f"dcopt plan gpu --time-limit {seconds:g}",
        limit=f"{seconds:g} s of search, two threads",
        target="less energy than every peer, nothing unplaced, gap proven",
        run="benchmarks.cases.against_peers:gpu_cluster",
        options=(("pods", pods), ("which", which), ("time_limit_s", seconds)),
        is_short=short,
    )


def _planetlab(day: str, memory: str = "ignore", short: bool = False) -> Spec:
    name = f"planetlab-{day}" + ("-memory" if memory == "honour" else "")
    return Spec(
        name=name,
        what=f"Energy of one day of PlanetLab VMs ({day}) on 800 hosts, 288 steps, memory {memory}",
        data=f"planetlab/{day}",
        command=f"dcopt import planetlab DIR/{day} -o pl --memory {memory} && "
        "dcopt plan pl --time-limit 60",
        limit="60 s of search, two threads",
        target="less energy than every peer, gap proven",
        run="benchmarks.cases.against_peers:planetlab",
        options=(("day", day), ("memory", memory), ("time_limit_s", 60.0)),
        is_short=short,
    )


def _online(day: str) -> Spec:
    return Spec(
        name=f"planetlab-online-{day}",
        what=f"Consolidation over time: a day of PlanetLab VMs ({day}), causal, moves every 5 min",
        data=f"planetlab/{day}",
        command=f"python -m benchmarks planetlab-online-{day}",
        limit="none; one thread",
        target="less energy than the published LR-MMT with a tenth of its migrations and less "
        "overall SLA violation, no look ahead",
        run="benchmarks.cases.online_day:online_day",
        options=(("day", day),),
        is_short=False,
    )


def _reassignment(which: str, instances: str) -> Spec:
    return Spec(
        name=f"roadef-{which}",
        what=f"Machine reassignment, ROADEF/EURO challenge 2012, {instances}",
        data="roadef2012",
        command="dcopt import roadef MODEL ASSIGNMENT -o site && "
        "dcopt plan site --time-limit 300 && dcopt export roadef site -o new.txt",
        limit="300 s of search for each instance, two threads",
        target="sum of objectives below the winner's, gap proven on each, official value equal",
        run="benchmarks.cases.reassignment:reassignment",
        options=(("which", which), ("time_limit_s", 300.0)),
        is_short=False,
    )


def _packing(name: str, family: str, each: int, most_items: int = 120) -> Spec:
    seconds = 60.0
    return Spec(
        name=name,
        what=f"Vector bin packing, {family} up to {most_items} items, {each} of each size",
        data="vector-bin-packing",
        command=f"dcopt import vbp DIR/{family}/NAME.vbp -o bins && "
        f"dcopt plan bins --time-limit {seconds:g}",
        limit=f"{seconds:g} s of search each, two threads",
        target="optimum proven on 95 % of the instances where it is known; elsewhere at most the "
        "bins of the best heuristic, with a bound",
        run="benchmarks.cases.vector_packing:vector_packing",
        options=(
            ("family", family),
            ("most_items", most_items),
            ("each", each),
            ("time_limit_s", seconds),
        ),
        is_short=False,
    )


def _balancing(name: str, file: str) -> Spec:
    return Spec(
        name=name,
        what=f"Cost packing, {file}",
        data="cloud-balancing",
        command=f"dcopt import cloud-balancing DIR/{file}.json -o cb && "
        "dcopt plan cb --time-limit 60",
        limit="60 s of search, two threads",
        target="within 1 % of the known bound",
        run="benchmarks.cases.cost_packing:cost_packing",
        options=(("name", file), ("time_limit_s", 60.0)),
        is_short=False,
    )


def _repair(file: str) -> Spec:
    return Spec(
        name="repair-" + file.replace("_", "-"),
        what=f"Repair with the fewest moves, BtrPlace instance {file}: 5,000 hosts",
        data="btrplace",
        command=f"dcopt import btrplace DIR/{file}.json.gz -o site && "
        "dcopt plan site --time-limit 30",
        limit="30 s of search, two threads",
        target="all rules met, fewest moves proven, 2 s and 0.5 GB",
        run="benchmarks.cases.repair:repair",
        options=(("name", file), ("time_limit_s", 30.0)),
        is_short=False,
    )


def _consolidation(workloads: int, hosts: int, seconds: float, peer_s: float) -> Spec:
    name = f"consolidation-{workloads}x{hosts}"
    return Spec(
        name=name,
        what=f"Watts against moves: {workloads:,} workloads on {hosts:,} hosts, beside Rebalancer",
        data="generated",
        command=f"python -m benchmarks.generators.sites {name} -o site && "
        f"dcopt plan site --time-limit {seconds:g}",
        limit=f"{seconds:g} s of search, two threads; {peer_s:g} s for the peer",
        target="gap at most 0.5 %, and at as many moves never more watts than Rebalancer",
        run="benchmarks.cases.consolidation:consolidation",
        options=(
            ("workloads", workloads),
            ("hosts", hosts),
            ("time_limit_s", seconds),
            ("peer_s", peer_s),
        ),
        is_short=False,
    )


def _meters(meters: int, minutes: int, form: str, limit_s: float, short: bool) -> Spec:
    return Spec(
        name=f"meters-{meters}x{minutes}min" + ("-csv" if form == "csv" else ""),
        what=f"A year of {meters:,} meters every {minutes} min ({form}) into the full report",
        data="generated",
        command=f"dcopt init site --site small && python -m benchmarks.generators.meters site "
        f"--meters {meters} --minutes {minutes} --form {form} && (name meters.csv in "
        "reporting.yaml) && dcopt report site --period 2026",
        limit="two cores",
        target=f"{limit_s:g} s and 6 GB, totals of counters exact",
        run="benchmarks.cases.meters:meter_year",
        options=(
            ("meters", float(meters)),
            ("minutes", float(minutes)),
            ("form", form),
            ("limit_s", limit_s),
            ("most_gb", 6.0),
            ("recheck", float(minutes > 1)),
        ),
        is_short=short,
    )


def _scale(
    hosts: int, workloads: int, seconds: float, first_s: float, most_gb: float, gap: float = 0.005
) -> Spec:
    name = f"scale-{hosts}x{workloads}"
    return Spec(
        name=name,
        what=f"Plan of {workloads:,} workloads on {hosts:,} hosts, 24 steps, a fifth under rules",
        data="generated",
        command=f"python -m benchmarks.generators.sites {name} -o site && "
        f"dcopt plan site --time-limit {seconds:g}",
        limit=f"{seconds:g} s of search, two threads",
        target=f"verified plan after {first_s:g} s; gap at most {gap:.1%}; {most_gb:g} GB",
        run="benchmarks.cases.scale_plan:scale_plan",
        options=(
            ("hosts", float(hosts)),
            ("workloads", float(workloads)),
            ("time_limit_s", seconds),
            ("first_s", first_s),
            ("most_gb", most_gb),
            ("most_gap", gap),
        ),
        is_short=False,
    )


SPECS = (
    _gpu("gpu-cluster", "default", 60.0, short=True),
    _planetlab("20110303", short=True),
    Spec(
        name="demo-plan",
        what="Plan of the demo site: first verified plan and gap",
        data="generated",
        command="dcopt init demo --site demo && dcopt plan demo --time-limit 60",
        limit="60 s of search, two threads",
        target="verified plan in the first 5 s of wall time; gap at most 2 % after 60 s",
        run="benchmarks.cases.demo_plan:demo_plan",
        options=(("time_limit_s", 60.0),),
    ),
    Spec(
        name="simulate-demo-year",
        what="Full simulation of the demo site over a year of hours",
        data="generated",
        command="dcopt simulate demo --year --json",
        limit="none",
        target="under 3 CPU-seconds",
        run="benchmarks.cases.commands:simulate_demo",
    ),
    Spec(
        name="simulate-large-year",
        what="Full simulation of 10,000 hosts and 100,000 workloads over 8,760 hours",
        data="generated",
        command="python -m benchmarks.generators.sites scale-10000x100000 -o large && "
        "dcopt simulate large --year --json",
        limit="none",
        target="under 20 CPU-seconds and 4 GB, reading included",
        run="benchmarks.cases.commands:simulate_large",
    ),
    Spec(
        name="read-tables",
        what="Reading and checking 10,000 hosts and 100,000 workloads from tables",
        data="generated",
        command="python benchmarks/read_tables.py --parquet",
        limit="none",
        target="under 5 s",
        run="benchmarks.cases.commands:read_tables",
    ),
    Spec(
        name="imports",
        what="Importing public instances beside a plain reading of the same files",
        data="alibaba-gpu-2023, planetlab, btrplace, vector-bin-packing",
        command="python -m benchmarks imports",
        limit="none",
        target="below 10 times the CPU of the plain reading, checks and tables included",
        run="benchmarks.cases.imports:imports",
    ),
    Spec(
        name="bridge",
        what="Cost of the checked bridge over plain highspy, 100,000 binaries",
        data="generated",
        command="python -m benchmarks.bridge_overhead",
        limit="none",
        target="at most 10 % more than plain passModel of the same matrix (bridge_arrays)",
        run="benchmarks.cases.commands:bridge",
    ),
    Spec(
        name="help",
        what="Start of the command line",
        data="generated",
        command="dcopt --help",
        limit="none",
        target="below 0.3 s of wall time on a quiet machine; below 0.15 CPU-seconds",
        run="benchmarks.cases.commands:help_page",
    ),
    _gpu("gpu-cluster-120", "default", 120.0),
    _gpu("gpu-cluster-admitted", "default", 120.0, which="admitted"),
    _gpu("gpu-share-40", "gpushare40", 120.0, which="admitted"),
    _gpu("gpu-multi-20", "multigpu20", 120.0, which="admitted"),
    _planetlab("20110306"),
    _planetlab("20110309"),
    _planetlab("20110303", memory="honour"),
    Spec(
        name="bitbrains",
        what="A month of 500 enterprise VMs, 720 steps, CPU and memory: hour by hour or by peaks",
        data="bitbrains",
        command="dcopt import bitbrains DIR/rnd-2013-7.parquet -o vms && "
        "dcopt plan vms --time-limit 60",
        limit="60 s of search each, two threads",
        target="gap at most 1 % hour by hour, less energy than packing peaks",
        run="benchmarks.cases.month_of_vms:month_of_vms",
        options=(("time_limit_s", 60.0),),
        is_short=False,
    ),
    *map(_online, ("20110303", "20110306", "20110309")),
    _scale(1_000, 10_000, 30.0, 2.0, 1.0),
    _scale(10_000, 100_000, 120.0, 10.0, 4.0),
    _scale(100_000, 1_000_000, 300.0, 120.0, 12.0, gap=0.01),
    _reassignment("a", "set A"),
    _reassignment("b", "b_1 and b_2 of set B"),
    _packing("packing-new-1", "New/class1", each=2),
    _packing("packing-new-2", "New/class2", each=2),
    _packing("packing-new-3", "New/class3", each=2),
    _packing("packing-triplets", "Triplet/Caprara", each=2, most_items=501),
    _balancing("cost-packing-100", "100computers-300processes"),
    _balancing("cost-packing-400", "400computers-1200processes"),
    _consolidation(1_000, 100, 30.0, 30.0),
    _consolidation(4_000, 400, 60.0, 300.0),
    _consolidation(20_000, 2_000, 60.0, 300.0),
    Spec(
        name="gpu-arrival",
        what="GPU pods that arrive one by one on 1,213 nodes, placed or dropped, ten seeds",
        data="alibaba-gpu-2023",
        command="python -m benchmarks.run gpu-arrival",
        limit="none; seeds 0 to 9, one thread",
        target="more GPUs allocated than the published fragmentation gradient on each list, at "
        "most 20 ms for each pod, every rule kept",
        run="benchmarks.cases.gpu_arrival:gpu_arrival",
        options=(("seeds", 10.0),),
        is_short=False,
    ),
    Spec(
        name="gpu-offline",
        what="GPU pods that ask for 130 % of 6,212 GPUs, all known at once: which of them run",
        data="alibaba-gpu-2023",
        command="python -m benchmarks.run gpu-offline",
        limit="60 s of search, two threads",
        target="allocated share within 0.3 points of a proven bound on each list",
        run="benchmarks.cases.gpu_offline:gpu_offline",
        options=(("time_limit_s", 60.0),),
        is_short=False,
    ),
    _meters(500, 15, "parquet", 20.0, short=True),
    _meters(500, 15, "csv", 20.0, short=False),
    _meters(2_000, 1, "parquet", 600.0, short=False),
    *map(_repair, ("li_r3_c0", "li_r3_c100", "li_r6_c0", "nr_r4_c33")),
)


def chosen(names: list[str], is_full: bool) -> list[Spec]:
    """Return the specs of these names, or all (short) ones; ``KeyError`` for an unknown name."""
    known = {spec.name: spec for spec in SPECS}
    if names:
        return [known[name] for name in names]
    return [spec for spec in SPECS if is_full or spec.is_short]
