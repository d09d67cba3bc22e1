"""Write the report of a stored plan again."""

from __future__ import annotations

from pathlib import Path

from optimiser.analysis.bottlenecks import bottlenecks
from optimiser.report.html import write_report
from optimiser.workflow.judgement import judge_plan, judge_today
from optimiser.workflow.report_data import Judged, report_data
from optimiser.workflow.verify import judge_placement, open_run

REPORT = "report.html"


def rebuild_report(path: Path, output: Path | None = None) -> Path:
    """Simulate a stored plan again and write its report; return the file.

    Raises ``InputError`` when files of the run are missing or damaged.
    """
    opened = open_run(path)
    placement, _, _ = judge_placement(opened)
    twin, rules, run = opened.twin, opened.loaded.rules, opened.run
    before, after = judge_today(twin, rules), judge_plan(twin, rules, placement)
    plan = run.plan.model_copy(update={"moves": run.moves()})
    full = bottlenecks(twin, rules, placement)
    weights = opened.loaded.study.weights
    judged = Judged(twin, rules, plan, before, after, weights, full)
    target = output or run.folder / REPORT
    write_report(report_data(judged, run.manifest), target)
    return target
