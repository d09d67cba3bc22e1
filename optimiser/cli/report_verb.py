"""``dcopt report``: the page of a stored plan, or the sustainability report of a period."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimiser.cli.call import Call
from optimiser.cli.verb import verb

if TYPE_CHECKING:
    from optimiser.workflow.disclosure.report import Delivered
    from optimiser.workflow.disclosure.verify import Verified

_PERIOD_ONLY = (
    "framework", "formats", "ruleset", "is_frozen", "reason", "allow_partial", "as_of", "fail_on",
    "energy_weighting", "settlement_days", "basis",
)  # fmt: skip


@verb(
    examples=(
        ("dcopt report mysite/runs/latest", "Write report.html of the newest plan again"),
        ("dcopt report mysite -o board.html", "Write it somewhere else"),
        ("dcopt report mysite --period 2026", "Write the sustainability report of a year"),
        (
            "dcopt report mysite --period 2026 --framework eed,enefg --format json,xlsx,pdf",
            "Only what two frameworks ask for, in three formats",
        ),
        ("dcopt report mysite --period 2025 --freeze", "Freeze it as the next version"),
        ("dcopt report verify mysite/reports/2025/v1", "Compute it again and compare the bytes"),
    ),
    exits=(0, 1, 2, 3, 4, 6, 69),
)
@click.argument("place", metavar="RUN|SITE|verify SNAPSHOT", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File of a plan's page, or folder of a draft.  [default: report.html in the run folder, "
    "reports/PERIOD/draft in the site]",
)
@click.option(
    "--period",
    metavar="PERIOD",
    help="Report this period: 2026, 2026-Q1, 2026-03, or a range such as 2026-01-01..2026-06-30.",
)
@click.option(
    "--framework",
    metavar="NAME,…",
    help="Outputs of these frameworks only: iso30134, eed, enefg, ghgp, sci, e1, iso20000, ipmvp, "
    "plan.  [default: all]",
)
@click.option(
    "--format",
    "formats",
    metavar="NAME,…",
    help="Formats: json, csv, html, xlsx, pdf (needs Chromium).  [default: json,csv,html,xlsx]",
)
@click.option(
    "--ruleset",
    metavar="ID,…",
    help="Rulesets instead of those of reporting.yaml.  [default: in force]",
)
@click.option("--freeze", "is_frozen", is_flag=True, help="Write an immutable version.")
@click.option("--reason", metavar="TEXT", help="Why a frozen version is superseded.")
@click.option(
    "--settlement-days",
    type=click.IntRange(min=0),
    help="Days after the period until it may be frozen.  [default: 5]",
)
@click.option(
    "--allow-partial", is_flag=True, help="Give interim figures where too little was seen."
)
@click.option(
    "--as-of",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="Day whose rules, cancellations and readings received by then count.  "
    "[default: the last day of the period, and every reading]",
)
@click.option(
    "--fail-on",
    type=click.Choice(("rules",)),
    help="Leave with exit code 4 when a rule in force is not met.",
)
@click.option(
    "--energy-weighting",
    type=click.Choice(("none", "tgg")),
    help="Weights of energy carriers in PUE; the law knows none.  [default: of reporting.yaml]",
)
@click.option(
    "--basis",
    type=click.Choice(("meters", "model", "both")),
    help="Figures from the meters, from the simulated site, or from both in tables of their own.  "
    "[default: meters if reporting.yaml names some, else model]",
)
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    help="Site of a snapshot that was moved away from it (verify only).",
)
def report(
    call: Call,
    place: tuple[str, ...],
    output: Path | None,
    period: str | None,
    site: Path | None,
    **asked: object,
) -> None:
    """Write the report of RUN again, or the sustainability report of SITE for a --period.

    Without --period: RUN is a run folder, runs/latest, or a site (its newest run). The page is one
    file that opens offline, simulated again from the run folder.

    With --period: the eighteen outputs of a sustainability report, made from the meters that
    SITE/reporting.yaml names or, where there are none, from the simulated site. A draft is replaced
    by each call; --freeze writes SITE/reports/PERIOD/v1 once, and a correction as v2 with --reason
    and the table of differences.

    verify SNAPSHOT computes a stored report again and compares it byte by byte (exit code 6 when
    anything differs). Exit code 4 tells that the report was written and a quality gate of its data
    was not passed, or with --fail-on rules that a rule in force is not met.
    """
    if place[0] == "verify" and len(place) == 2:
        _refuse(asked, {"--period": period, "--output": output})
        _verify(call, Path(place[1]), site)
        return
    if len(place) != 1:
        raise click.UsageError("give one run or site, or: verify SNAPSHOT")
    if site is not None:
        raise click.UsageError("--site belongs to verify SNAPSHOT")
    if period is None:
        _refuse(asked, {})
        _plan_page(call, Path(place[0]), output)
    else:
        _report_period(call, Path(place[0]), period, output, asked)


def _refuse(asked: dict[str, object], more: dict[str, object]) -> None:
    names = {"formats": "format", "is_frozen": "freeze"}
    given = [f"--{names.get(n, n).replace('_', '-')}" for n in _PERIOD_ONLY if asked[n]]
    given += [name for name, value in more.items() if value is not None]
    if given:
        raise click.UsageError(f"{', '.join(given)}: only with a site and --period")


def _plan_page(call: Call, run: Path, output: Path | None) -> None:
    from optimiser.cli.console import print_json, print_tables
    from optimiser.errors import UsageError
    from optimiser.workflow.report import rebuild_report

    if (run / "reporting.yaml").is_file() and not (run / "runs").is_dir():
        raise UsageError(
            f"{run} has no plan whose page could be written",
            f"name a period for its sustainability report: dcopt report {run} --period 2025",
        )
    written = rebuild_report(run, output)
    if call.json:
        print_json("dcopt.report/1", {"report": str(written), "bytes": written.stat().st_size})
    else:
        print_tables(str(written))


def _report_period(
    call: Call, site: Path, period: str, output: Path | None, asked: dict[str, object]
) -> None:
    import sys

    from optimiser.workflow.disclosure.deliver import DEFAULT_FORMATS
    from optimiser.workflow.disclosure.frameworks import check_frameworks
    from optimiser.workflow.disclosure.material import Settings
    from optimiser.workflow.disclosure.report import SETTLEMENT_DAYS, Order, report_period

    as_of, days = asked["as_of"], asked["settlement_days"]
    settings = Settings(
        period=period,
        frameworks=check_frameworks(_names(asked["framework"])),
        rulesets=_names(asked["ruleset"]),
        as_of=as_of.date() if as_of else None,  # type: ignore[attr-defined]
        allow_partial=bool(asked["allow_partial"]),
        weighting=asked["energy_weighting"],  # type: ignore[arg-type]
        basis=asked["basis"],  # type: ignore[arg-type]
    )
    order = Order(
        formats=_names(asked["formats"]) or DEFAULT_FORMATS,
        is_frozen=bool(asked["is_frozen"]),
        reason=asked["reason"],  # type: ignore[arg-type]
        settlement_days=SETTLEMENT_DAYS if days is None else days,  # type: ignore[arg-type]
        output=output,
        call=" ".join(["dcopt", *sys.argv[1:]]),
    )
    made = report_period(site, settings, order)
    fails_rules = asked["fail_on"] == "rules" and bool(made.failed_rules)
    _show(call, made, fails_rules)
    if made.failures or fails_rules:
        click.get_current_context().exit(4)


def _names(text: object) -> tuple[str, ...]:
    return tuple(part for part in (p.strip() for p in str(text or "").split(",")) if part)


def _show(call: Call, made: Delivered, fails_rules: bool) -> None:
    from optimiser.cli.console import print_json, print_tables, table
    from optimiser.cli.report_lines import figure_rows, summary

    if call.json:
        print_json("dcopt.disclosure-written/1", summary(made, fails_rules))
        return
    head = ("figure", "value", "unit", "interval at worst", "class", "seen")
    print_tables(table("key figures", head, figure_rows(made.disclosure), numbers=(1,)))
    print_tables(*(f"not passed: {f.gate}: {f.text}" for f in made.failures))
    if fails_rules:
        print_tables(f"rules in force that are not met: {', '.join(made.failed_rules)}")
    if not made.is_new:
        print_tables(f"nothing changed: version {made.snapshot.version} says the same")
    print_tables(f"digest sha256 {made.snapshot.digest}", str(made.snapshot.folder))


def _verify(call: Call, folder: Path, site: Path | None) -> None:
    from optimiser.cli.console import print_json, print_tables
    from optimiser.cli.report_lines import verified_lines, verified_told
    from optimiser.workflow.disclosure.verify import verify_snapshot

    found: Verified = verify_snapshot(folder, site)
    if call.json:
        print_json("dcopt.disclosure-verified/1", verified_told(found))
    else:
        print_tables(*verified_lines(found))
    if not found.holds:
        click.get_current_context().exit(6)
