"""What reading public instances costs beside reading their files without any meaning."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Cost, dcopt, measure, python
from benchmarks.outcome import Outcome, Value
from benchmarks.shared import shared_data

MOST = 10.0
PLAIN_CSV = "import pandas, sys; [pandas.read_csv(path) for path in sys.argv[1:]]"
PLAIN_LINES = (
    "import numpy, pandas, sys; "
    "[numpy.array(open(path).read().split(), float) for path in sys.argv[1:]]"
)
PLAIN_JSON = "import gzip, json, pandas, sys; json.loads(gzip.open(sys.argv[1]).read())"
NOTES = (
    "plain: the same files read by pandas, numpy or json in a process of its own that loads "
    "pandas too; ours also checks every value and writes tables",
)


def imports(folder: Path) -> Outcome:
    """Import one large instance of each family that comes as files of its own."""
    cluster = shared_data("alibaba-gpu-2023")
    day = shared_data("planetlab") / "20110303"
    broken = shared_data("btrplace") / "li_r6_c0.json.gz"
    items = shared_data("vector-bin-packing") / "New/class3/class3_120_10_2.vbp"
    pods = ("openb_node_list_gpu_node.csv", "openb_pod_list_default.csv")
    rows = [
        _row("alibaba-gpu", cluster, [cluster / name for name in pods], PLAIN_CSV, folder),
        _row("planetlab", day, sorted(day.iterdir()), PLAIN_LINES, folder),
        _row("btrplace", broken, [broken], PLAIN_JSON, folder),
        _row("vbp", items, [items], PLAIN_LINES, folder),
    ]
    return Outcome(rows, all(float(row["ratio"] or MOST) < MOST for row in rows), NOTES)


def _row(kind: str, source: Path, files: list[Path], plain: str, folder: Path) -> dict[str, Value]:
    ours = measure(dcopt("import", kind, source, "-o", folder / kind))
    floor: Cost = measure(python("-c", plain, *files))
    return {
        "kind": kind,
        "source": source.name,
        "cpu_s": ours.cpu_s,
        "plain_cpu_s": floor.cpu_s,
        "ratio": ours.cpu_s / floor.cpu_s,
        "peak_mb": ours.peak_mb,
    }
