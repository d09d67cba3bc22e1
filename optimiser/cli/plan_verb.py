"""``dcopt plan``: find a plan, check it, store it and report it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb

if TYPE_CHECKING:
    from optimiser.workflow.plan import PlanOutcome


@verb(
    examples=(
        ("dcopt plan mysite", "Plan with the defaults: one minute, two threads"),
        ("dcopt plan mysite --time-limit 10 --gap 0.02", "Stop at 2 % or after ten seconds"),
        ("dcopt plan mysite --work-limit 50 --seed 7", "The same plan again on every machine"),
        ("dcopt plan mysite --workers 4", "Search four times side by side, keep the best plan"),
        ("dcopt plan mysite --max-moves 50", "Move at most 50 workloads"),
        ("dcopt plan mysite --json | jq .proof", "Read the proof in a script"),
    ),
    exits=(0, 1, 2, 3, 4, 5, 6, 69, 130, 143),
)
@click.argument("site", type=click.Path(path_type=Path))
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="Time for the search, instead of the study's.")  # fmt: skip
@click.option("--gap", type=click.FloatRange(min=0, max=1, max_open=True), metavar="FRACTION",
              help="Stop when the plan is proven to be so close to the best possible.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), help="Seed of the search.")
@click.option("--threads", type=click.IntRange(min=1, max=256), help="Threads of the solver.")
@click.option("--work-limit", type=click.IntRange(min=1), metavar="ROUNDS",
              help="Limit search rounds instead of time, for reproducible runs.")  # fmt: skip
@click.option("--restarts", type=click.IntRange(min=1, max=1000), metavar="N",
              help="Search N times, keep the best plan.  [default: --workers]")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1, max=256), metavar="N",
              help="Search and price side by side in N processes (extra 'cluster').")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS",
              help="Search and price on a Dask scheduler's workers: tcp://head:8786.")  # fmt: skip
@click.option("--max-moves", type=click.IntRange(min=0), metavar="N",
              help="Move at most so many workloads.")  # fmt: skip
@click.option("--runs", type=click.Path(path_type=Path), metavar="FOLDER",
              help="Folder for the run.  [default: runs in the site]")  # fmt: skip
@click.option("--save-lp", is_flag=True, help="Keep the model of the bound as model.lp.")
def plan(
    call: Call,
    site: Path,
    time_limit: float | None,
    gap: float | None,
    seed: int | None,
    threads: int | None,
    work_limit: int | None,
    restarts: int | None,
    workers: int | None,
    scheduler: str | None,
    max_moves: int | None,
    runs: Path | None,
    save_lp: bool,
) -> None:
    """Find where each workload of SITE should run and which hosts may sleep.

    SITE is a site folder or a study file. A start is found at once, a bound is proven, and the
    plan is improved until the gap or the time is reached; meanwhile the best plan, the bound and
    the gap are shown. The plan is checked exactly, simulated in full, ordered into moves of which
    every prefix is legal, and stored in a run folder with a report. Ctrl-C keeps the best plan.
    """
    from optimiser.cli.progress import live_progress
    from optimiser.workflow.plan import PlanOptions, plan_site

    if workers is not None and scheduler is not None:
        raise click.UsageError(
            "--workers starts workers here and --scheduler uses others: give one"
        )
    options = PlanOptions(
        time_limit_s=time_limit,
        gap=gap,
        seed=seed,
        threads=threads,
        work_limit=work_limit,
        restarts=restarts,
        workers=workers,
        scheduler=scheduler,
        max_moves=max_moves,
        runs=runs,
        save_lp=save_lp,
    )
    with live_progress(call) as progress:
        outcome = plan_site(site, options, progress)
    _show(call, outcome)
    if outcome.exit_code:
        click.get_current_context().exit(outcome.exit_code)


def _show(call: Call, outcome: PlanOutcome) -> None:
    from optimiser.cli.console import print_json, print_tables, say, table
    from optimiser.report.goals import (
        COLUMNS,
        TRADE_COLUMNS,
        goal_rows,
        trade_rows,
        trade_sentence,
    )
    from optimiser.report.text import (
        headline,
        proof_sentence,
        sla_sentence,
        summary_rows,
        unserved_sentence,
    )

    if call.json:
        print_json("dcopt.plan-run/1", outcome.to_dict())
        return
    data = outcome.report
    sentences = (headline, sla_sentence, unserved_sentence, proof_sentence)
    print_tables(*filter(None, (sentence(data) for sentence in sentences)))
    columns = ("a year", "today", "plan", "change")
    print_tables(table("", columns, summary_rows(data), numbers=(1, 2, 3)))
    if data.goals:
        print_tables(table("", COLUMNS, goal_rows(data.goals), numbers=tuple(range(1, 7))))
    if len(data.trade_off) > 1:
        rows = trade_rows(data.trade_off, data.currency)
        print_tables(table("", TRADE_COLUMNS, rows, numbers=tuple(range(1, 7))))
    if data.trade_off:
        print_tables(trade_sentence(data.trade_off, data.currency))
    print_tables(*(f"note: {note}" for note in outcome.notes))
    print_tables(f"run:    {outcome.run}", f"report: {outcome.run / 'report.html'}")
    if outcome.exit_code:
        say(call, "interrupted; this is the best plan found")
