"""Make a site folder from another tool's files: the importers, under the workflow's roof."""

from __future__ import annotations

from optimiser.connect.alibaba import Start, Which, import_alibaba
from optimiser.connect.planetlab import Memory, import_planetlab
from optimiser.connect.report import ImportReport

__all__ = ["ImportReport", "Memory", "Start", "Which", "import_alibaba", "import_planetlab"]
