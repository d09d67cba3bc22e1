"""One small site, planned once for all tests that look at its run folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from optimiser.workflow.plan import PlanOptions, PlanOutcome, plan_site
from tests.workflow.disk_sites import write_site


@pytest.fixture(scope="session")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> PlanOutcome:
    """Plan the small site with a limit on work, so that the plan is always the same."""
    site = write_site(tmp_path_factory.mktemp("planned") / "site")
    return plan_site(site, PlanOptions(work_limit=2, time_limit_s=60))


@pytest.fixture
def copied_run(outcome: PlanOutcome, tmp_path: Path) -> Callable[[], Path]:
    """Return a function that gives a copy of the run folder to spoil."""

    def copy() -> Path:
        return Path(shutil.copytree(outcome.run, tmp_path / outcome.run.name))

    return copy
