"""A site without power chain and with free energy: planned, stored and verified for its hosts."""

from __future__ import annotations

import pytest

from optimiser.report.text import headline, summary_rows
from optimiser.workflow.imports import import_vbp
from optimiser.workflow.plan import PlanOptions, PlanOutcome, plan_site
from optimiser.workflow.report import rebuild_report
from optimiser.workflow.verify import verify_run


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PlanOutcome:
    """Return the plan of six items that need three bins of 10 (12 + 4 + 5 = 21)."""
    folder = tmp_path_factory.mktemp("bins")
    (folder / "tiny.vbp").write_text("2\n10 9\n3\n4 3 3\n2 3 2\n5 0 1\n", encoding="utf-8")
    import_vbp(folder / "tiny.vbp", folder / "site")
    return plan_site(folder / "site", PlanOptions(work_limit=2, time_limit_s=60))


def test_the_objective_is_the_number_of_bins(packed: PlanOutcome) -> None:
    """Three hosts at 1 an hour for one hour, proven, and nothing else costs anything."""
    plan = packed.plan
    assert plan.proof.objective == pytest.approx(3.0)
    assert plan.proof.bound == pytest.approx(3.0)
    terms = {term.name: (term.believed, term.simulated) for term in plan.terms}
    assert terms.pop("host_on") == (pytest.approx(3.0), pytest.approx(3.0))
    assert all(pair == (0.0, 0.0) for pair in terms.values())


def test_the_run_verifies_and_reports_again(packed: PlanOutcome) -> None:
    """Names of a power chain that is not there come back from the file as they were."""
    assert verify_run(packed.run).refusals == []
    assert rebuild_report(packed.run).is_file()


def test_the_report_tells_what_hosts_cost(packed: PlanOutcome) -> None:
    """The cost of the hosts that are on stands in the headline and in the table."""
    assert "needs 3 of" in headline(packed.report)
    assert "at 3.00 XXX an hour" in headline(packed.report)
    rows = {label: after for label, _, after, _ in summary_rows(packed.report)}
    assert rows["Cost of hosts an hour"] == "3.00 XXX"


def test_hosts_without_a_cost_of_their_own_have_no_row(outcome: PlanOutcome) -> None:
    """Where all hosts cost what the study says, the report is as short as before."""
    assert outcome.report.after.hosts_cost_per_h is None
    assert "Cost of hosts an hour" not in {row[0] for row in summary_rows(outcome.report)}
