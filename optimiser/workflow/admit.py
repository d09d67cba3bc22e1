"""Admit workloads that arrive: into the site as it runs today, or as a stored plan leaves it."""

from __future__ import annotations

import csv
import dataclasses
import io
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from optimiser.analysis.verdict import Placement, Verdict, placement_from_rows
from optimiser.analysis.verify import verify, violations_today
from optimiser.errors import RefusedError, UsageError
from optimiser.library.arrivals import add_arrivals, keep_workloads
from optimiser.library.site import SiteInput, read_study
from optimiser.schema.study import Study
from optimiser.store.atomic import write_atomically
from optimiser.store.latest import resolve_run
from optimiser.store.runs import read_run
from optimiser.studies.admission import Admission, Answer
from optimiser.workflow.explain import is_run
from optimiser.workflow.loading import Loaded, assemble


@dataclass(frozen=True)
class Admitted:
    """What became of the arrivals, in the order of their table.

    ``checked`` counts the limits that the exact checker looked at afterwards, by kind; ``soft`` are
    sentences on soft rules that are broken then. ``prepare_s`` is wall time until the first
    workload could be asked for, ``answer_ms`` the mean of one answer. ``target`` is the placement
    that was written.
    """

    site: str
    answers: list[Answer]
    hosts_on: int
    checked: dict[str, int]
    soft: list[str]
    prepare_s: float
    answer_ms: float
    target: Path | None = None

    @property
    def refused(self) -> list[Answer]:
        """The workloads without a host."""
        return [answer for answer in self.answers if not answer.is_admitted]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        fields = {**vars(self), "target": None if self.target is None else str(self.target)}
        placed = [one for one in self.answers if one.is_admitted]
        del fields["answers"]
        return {
            **fields,
            "admitted": [
                {"workload": a.workload, "host": a.host, "devices": a.devices, "woken": a.woken}
                for a in placed
            ],
            "refused": [{"workload": a.workload, "reason": a.reason} for a in self.refused],
        }


def admit(
    path: Path, arrivals: Path, target: Path | None = None, *, force: bool = False
) -> Admitted:
    """Place the workloads of a table one by one; what runs is not moved.

    ``path`` is a site or study (as it runs today) or a run (as its plan leaves the site). The
    copies of a row come together or not at all; rows are taken in the order of the table, and those
    without a host are tried again after others have come, which they may need near them. The
    outcome is checked exactly; ``target`` gets the placement of the whole site.

    Raises ``InputError`` for mistakes in the site or the table, ``UsageError`` for a target in the
    way and ``RefusedError`` when the exact checker finds a limit broken that holds today.
    """
    if target is not None and Path(target).exists() and not force:
        raise UsageError(f"{target} exists already", "choose another file or add --force")
    began = time.monotonic()
    study, running = _as_it_runs(Path(path))
    loaded = assemble(study, add_arrivals(running, arrivals))
    admission = Admission(
        loaded.twin, loaded.rules, study.weights, placement=_start(loaded, running)
    )
    ready = time.monotonic()
    rows = admission.whole_groups(_rows(loaded.site_input, len(running.workloads)))
    answers = admit_rows(admission, rows)
    answer_ms = (time.monotonic() - ready) * 1e3 / max(1, len(answers))
    end, placement = _without_refused(loaded, running, admission.placement, answers)
    verdict = _check(end, placement)
    _refuse_new_faults(assemble(study, running) if verdict.violations else end, verdict)
    if target is not None:
        write_atomically(Path(target), _table(end, placement))
    return Admitted(
        site=loaded.site_input.site.name,
        answers=answers,
        hosts_on=int(placement.host_on.sum()),
        checked=verdict.checked,
        soft=[violation.sentence for violation in verdict.soft],
        prepare_s=ready - began,
        answer_ms=answer_ms,
        target=target,
    )


def admit_rows(admission: Admission, rows: Sequence[Sequence[str]]) -> list[Answer]:
    """Admit groups of workloads, each whole or not at all; again while that helps others."""
    answers: list[list[Answer]] = [[] for _ in rows]
    waiting = list(range(len(rows)))
    while waiting:
        for row in waiting:
            answers[row] = admission.admit_together(rows[row])
        left = [row for row in waiting if not answers[row][0].is_admitted]
        if len(left) == len(waiting):
            break
        waiting = left
    return [answer for row in answers for answer in row]


def _as_it_runs(path: Path) -> tuple[Study, SiteInput]:
    """Return the study and the site; of a run, the site with its plan carried out."""
    if not is_run(path):
        return read_study(path)
    run = read_run(resolve_run(path))
    study, site_input = read_study(run.inputs)
    rows = [row._asdict() for row in run.placements() if row.host]
    placement = pd.DataFrame(rows, columns=["workload", "host", "devices"])
    hosts = site_input.hosts.copy()
    awake = hosts["name"].isin(run.plan.hosts_on)
    hosts["state"] = hosts["state"].where(
        hosts["state"] == "maintenance", np.where(awake, "on", "off")
    )
    return study, dataclasses.replace(site_input, placement=placement, hosts=hosts)


def _start(loaded: Loaded, running: SiteInput) -> Placement | None:
    """Return where everything runs with its devices, where the site tells them."""
    if running.placement is None or "devices" not in running.placement.columns:
        return None
    twin = loaded.twin
    on = twin["host"].values.astype(str)[twin["host_on"].values.astype(bool)]
    return placement_from_rows(twin, running.placement, on.tolist())[0]


def _rows(site_input: SiteInput, first: int) -> list[list[str]]:
    """Return the workloads of each arriving row; ``first`` is the first such row."""
    units = site_input.workload_units
    come = units[units["row"] >= first]
    return [group["name"].tolist() for _, group in come.groupby("row", sort=True)]


def _without_refused(
    loaded: Loaded, running: SiteInput, placement: Placement, answers: Sequence[Answer]
) -> tuple[Loaded, Placement]:
    """Return the site without the refused arrivals, and the placement there.

    Workloads of the site that were to come with them keep waiting.
    """
    site_input, old = loaded.site_input, len(running.workloads)
    units = site_input.workload_units
    refused = {answer.workload for answer in answers if not answer.is_admitted}
    out = (units["name"].isin(refused) & (units["row"] >= old)).to_numpy()
    devices = placement.devices
    if devices is not None:
        devices = [devices[index] for index in np.flatnonzero(~out).tolist()]
    kept = Placement(placement.host[~out], placement.host_on, devices)
    if not out.any():
        return loaded, kept
    rows = np.ones(len(site_input.workloads), dtype=bool)
    rows[units.loc[out, "row"].to_numpy()] = False
    assert rows[:old].all()
    return assemble(loaded.study, keep_workloads(site_input, rows)), kept


def _check(end: Loaded, placement: Placement) -> Verdict:
    """Check a placement; who waits for a host since before has no devices, which is no fault."""
    devices = None if (placement.host < 0).any() else placement.devices
    return verify(end.twin, end.rules, dataclasses.replace(placement, devices=devices))


def _refuse_new_faults(before: Loaded, verdict: Verdict) -> None:
    """Raise ``RefusedError`` for rules that are broken more often than before."""
    if not verdict.violations:
        return
    old: Counter[str] = Counter(violations_today(before.twin, before.rules).broken)
    old["assign"] += int((before.twin["workload_host"].values < 0).sum())
    new = {rule for rule, count in verdict.broken.items() if count > old[rule]}
    told = [one.sentence for one in verdict.violations if one.rule in new]
    if told:
        shown = "\n".join(f"    {sentence}" for sentence in told[:10])
        raise RefusedError(
            f"the exact checker refuses the admission, nothing was written\n{shown}",
            "admit fewer workloads, or plan the site: dcopt plan",
        )


def _table(loaded: Loaded, placement: Placement) -> bytes:
    """Return the placement table of the site, whoever has no host left out."""
    twin, devices = loaded.twin, placement.devices
    names, hosts = twin["workload"].values.astype(str), twin["host"].values.astype(str)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["workload", "host", *(["devices"] if devices is not None else [])])
    for index in np.flatnonzero(placement.host >= 0).tolist():
        own = [] if devices is None else [";".join(map(str, devices[index]))]
        writer.writerow([names[index], hosts[placement.host[index]], *own])
    return text.getvalue().encode()
