"""Make a site folder from another tool's files: the importers, under the workflow's roof."""

from __future__ import annotations

from optimiser.connect.alibaba import Start, Which, import_alibaba
from optimiser.connect.bitbrains import Demand, import_bitbrains
from optimiser.connect.btrplace import import_btrplace
from optimiser.connect.cloud_balancing import import_cloud_balancing
from optimiser.connect.planetlab import Memory, import_planetlab
from optimiser.connect.report import ImportReport
from optimiser.connect.roadef import import_roadef
from optimiser.connect.vbp import import_vbp

__all__ = [
    "Demand",
    "ImportReport",
    "Memory",
    "Start",
    "Which",
    "import_alibaba",
    "import_bitbrains",
    "import_btrplace",
    "import_cloud_balancing",
    "import_planetlab",
    "import_roadef",
    "import_vbp",
]
