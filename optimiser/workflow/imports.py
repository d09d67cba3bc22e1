"""Make a site folder from another tool's files: the importers, under the workflow's roof."""

from __future__ import annotations

from optimiser.connect.alibaba import import_alibaba
from optimiser.connect.planetlab import import_planetlab
from optimiser.connect.report import ImportReport

__all__ = ["ImportReport", "import_alibaba", "import_planetlab"]
