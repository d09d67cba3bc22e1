"""Report one period of a site: compose, write a draft or freeze a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from optimiser.errors import CheckFailedError, UsageError
from optimiser.report.disclosure.changes import change_log, first_version, is_same
from optimiser.report.disclosure.json_form import digest_of
from optimiser.report.disclosure.table import Disclosure, Finding, Level
from optimiser.report.disclosure.words import refuse_claims
from optimiser.store.manifest import show_versions
from optimiser.store.snapshots import (
    DRAFT,
    Snapshot,
    period_folder,
    snapshots,
    write_draft,
    write_version,
)
from optimiser.workflow.disclosure.compose import compose
from optimiser.workflow.disclosure.deliver import (
    DEFAULT_FORMATS,
    check_formats,
    files_of,
    with_pack,
)
from optimiser.workflow.disclosure.gather import gather
from optimiser.workflow.disclosure.material import Material, Settings
from optimiser.workflow.disclosure.operator import code_version, operator_name

SETTLEMENT_DAYS = 5
"""Days after the end of a period until late values are taken to have arrived."""


@dataclass(frozen=True)
class Order:
    """What is to be written, besides the settings that decide over the figures.

    ``reason`` says why a frozen version is superseded, ``call`` is the command line, ``today`` the
    day of the call.
    """

    formats: Sequence[str] = DEFAULT_FORMATS
    is_frozen: bool = False
    reason: str | None = None
    settlement_days: int = SETTLEMENT_DAYS
    output: Path | None = None
    call: str = ""
    today: date | None = None


@dataclass(frozen=True)
class Delivered:
    """A written report. ``is_new`` is false when the frozen version already says the same."""

    snapshot: Snapshot
    disclosure: Disclosure
    is_new: bool = True
    superseded: Snapshot | None = None
    material: Material | None = field(default=None, repr=False)

    @property
    def failures(self) -> list[Finding]:
        """Gates that were not passed."""
        return [f for f in self.disclosure.findings if f.level is Level.FAILURE]

    @property
    def failed_rules(self) -> list[str]:
        """Rules in force that these data do not meet."""
        return failed_rules(self.disclosure)


def failed_rules(disclosure: Disclosure) -> list[str]:
    """Return the rules in force whose verdict is FAIL."""
    known = {output.name: output for output in disclosure.outputs}
    tables = known["rule_verdicts"].tables if "rule_verdicts" in known else ()
    return [
        str(rule)
        for table in tables
        if table.section.startswith("in force")
        for rule, verdict in zip(table.column("rule"), table.column("verdict"), strict=True)
        if verdict == "FAIL"
    ]


def report_period(site: Path, settings: Settings, order: Order | None = None) -> Delivered:
    """Write the report of a period as a draft, or freeze it as the next version.

    Raises ``InputError`` with every mistake of the input, ``CheckFailedError`` when a period that
    is not settled is to be frozen, ``UsageError`` when a version would be superseded without a
    reason, ``MissingError`` when a format needs a program that is not there.
    """
    order = order or Order()
    started = datetime.now(UTC)
    formats = check_formats(order.formats)
    material = gather(site, settings)
    disclosure = compose(material)
    folder = period_folder(site_folder(site), material.period.label)
    if not order.is_frozen:
        target = order.output or folder / DRAFT
        draft = replace(disclosure, edition={"edition": "draft"})
        files, facts = _files(draft, material, formats, None)
        snapshot = write_draft(target, files, facts, _run(order, started))
        return Delivered(snapshot, draft, material=material)
    return _freeze(folder, material, disclosure, formats, order, started)


def site_folder(site: Path) -> Path:
    """Return the folder of a site that was named by it or by a file in it."""
    return site if site.is_dir() else site.parent


def _freeze(
    folder: Path, material: Material, disclosure: Disclosure, formats: Sequence[str],
    order: Order, started: datetime,
) -> Delivered:  # fmt: skip
    if order.output is not None:
        raise UsageError("--output and --freeze exclude each other", "frozen versions stay with "
                         "the site")  # fmt: skip
    check_settled(material, order.settlement_days, order.today or datetime.now(UTC).date())
    known = snapshots(folder)
    last = known[-1] if known else None
    if last is not None and is_same(last.document(), disclosure):
        return Delivered(last, disclosure, is_new=False, material=material)
    if last is not None and not (order.reason or "").strip():
        raise UsageError(
            f"{last.folder} is frozen and these figures differ from it",
            "give --reason TEXT to supersede it; the change log names every difference",
        )
    number = (last.version or 0) + 1 if last else 1
    edited = edition(disclosure, number, last, order.reason)
    refuse_claims(edited)
    files, facts = _files(edited, material, formats, last)
    snapshot = write_version(folder, number, files, facts, _run(order, started))
    return Delivered(snapshot, edited, True, last, material)


def check_settled(material: Material, lag_days: int, today: date) -> None:
    """Raise ``CheckFailedError`` while values of the period may still come in."""
    settled = material.last_day + timedelta(days=1 + max(0, lag_days))
    if today < settled:
        raise CheckFailedError(
            f"{material.period.label} is settled on {settled} and not before "
            f"(it ends on {material.last_day}; late values are awaited for {lag_days} days)",
            "write a draft without --freeze until then",
        )


def edition(
    disclosure: Disclosure, number: int, last: Snapshot | None, reason: str | None
) -> Disclosure:
    """Return the disclosure as one version: what it supersedes, why, and the change log."""
    told: dict[str, Any] = {"edition": f"version {number}"}
    if last is None:
        return replace(disclosure, edition=told, outputs=(*disclosure.outputs, first_version()))
    why = (reason or "").strip()
    told |= {"supersedes": f"version {last.version}", "superseded_digest": last.digest,
             "reason": why}  # fmt: skip
    log = change_log(last.document(), disclosure, why)
    return replace(disclosure, edition=told, outputs=(*disclosure.outputs, log))


def _files(
    disclosure: Disclosure, material: Material, formats: Sequence[str], last: Snapshot | None
) -> tuple[dict[str, bytes], dict[str, Any]]:
    files = files_of(disclosure, formats)
    sign = material.reporting.sign_off
    files = with_pack(files, disclosure, material, (sign.prepared_by, sign.reviewed_by))
    return files, manifest_facts(disclosure, material, formats, last)


def manifest_facts(
    disclosure: Disclosure, material: Material, formats: Sequence[str], last: Snapshot | None
) -> dict[str, Any]:
    """Return what the manifest says besides the hashes of the files; nothing of it is a clock."""
    settings = asdict(material.settings)
    settings["run"] = material.run.manifest.run if material.run else ""
    settings["as_of"] = material.settings.as_of.isoformat() if material.settings.as_of else None
    return {
        "digest": digest_of(disclosure),
        "site": disclosure.site,
        "period": disclosure.period,
        "time_zone": material.period.zone,
        "formats": list(formats),
        "settings": {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()},
        "edition": dict(disclosure.edition),
        "supersedes": None if last is None else {"version": last.version, "digest": last.digest},
        "methods": dict(disclosure.methods),
        "inputs": dict(material.files),
        "versions": show_versions(),
        "code": code_version(),
    }


def _run(order: Order, started: datetime) -> Mapping[str, Any]:
    return {
        "schema": "dcopt.disclosure-run/1",
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "operator": operator_name(),
        "call": order.call,
    }
