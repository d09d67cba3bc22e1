"""Admission: workloads that arrive one by one in a running site, each placed in milliseconds.

Prepared once from a twin that knows the arrivals as workloads without a host; every answer then is
one compiled scan over the hosts with the rules of the planner. Nothing that runs is moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, placement_today
from optimiser.errors import UsageError, did_you_mean
from optimiser.schema.policy import GroupTogether
from optimiser.schema.study import Weights
from optimiser.solve.admit_kernel import Memory, admit_one, barriers, release_one
from optimiser.solve.arrays import State
from optimiser.solve.candidate import Candidate
from optimiser.solve.problem import Problem, lower
from optimiser.solve.search import Searcher
from optimiser.solve.stranded import ONE_COPY, Mix
from optimiser.studies.admission_words import Refused, refusal
from optimiser.twin.devices import assign_devices
from optimiser.twin.rules import Rule

STRANDED_PRICE = 100.0
"""Price of stranding what a mean host offers, in costs of a typical host over the horizon."""
MOST_ENTRIES = 128
"""Kinds of workload in the mix, most frequent first."""
MOST_CELLS = 30_000_000
"""Pairs of flavour and host for which the growth of what is stranded is remembered."""


@dataclass(frozen=True)
class Answer:
    """Where a workload went, or why nowhere: ``host`` is ``None`` then and ``reason`` a sentence.

    ``devices`` are numbers on the host; ``woken`` says whether the host was asleep.
    """

    workload: str
    host: str | None
    devices: tuple[int, ...] = ()
    woken: bool = False
    reason: str = ""

    @property
    def is_admitted(self) -> bool:
        """Whether it has a host."""
        return self.host is not None


class Admission:
    """A running site that takes workloads in and lets them go.

    ``placement`` is where everything runs (today's by default); what runs stays there whatever
    the rules say, and hosts that are on stay on. ``expected`` (workload,) weighs the workloads
    that may come, for what is worth keeping free; by default all that the twin knows count alike.
    """

    def __init__(
        self,
        twin: xr.Dataset,
        rules: Sequence[Rule],
        weights: Weights | None = None,
        placement: Placement | None = None,
        expected: np.ndarray | None = None,
        stranded_price: float = STRANDED_PRICE,
    ) -> None:
        start = placement if placement is not None else placement_today(twin)
        self.problem = lower(twin, rules, weights if weights is not None else Weights())
        self.names: list[str] = twin["workload"].values.astype(str).tolist()
        self.hosts: list[str] = twin["host"].values.astype(str).tolist()
        self.codes = np.zeros(self.problem.num_hosts, dtype=np.int64)
        """What kept the last refused workload off each host (see ``admit_kernel``)."""
        self._index = {name: index for index, name in enumerate(self.names)}
        self._searcher = Searcher(self.problem)
        host = np.asarray(start.host, dtype=np.int32)
        on = np.asarray(start.host_on, dtype=bool)
        masks, self._has_devices = device_masks(self.problem, host, start.devices)
        self._searcher.load_candidate(Candidate(host, on, masks, {}))
        self._searcher.keep_on(on)
        self._mix = mix_of(self.problem, expected)
        self._memory = _memory(self.problem)
        self._price = stranded_price * self._searcher.scale / _mean_worth(self.problem, self._mix)
        self._scratch = np.empty(self.problem.num_hosts)
        self._warm_up()

    def admit(self, workload: str | int) -> Answer:
        """Put one workload on the best host that every hard rule allows, or say why there is none.

        Best is what costs and strands least. Raises ``UsageError`` for a name that the twin does
        not know and for a workload that runs already.
        """
        return self._alone(self._find(workload), {self._find(workload)})

    def _alone(self, index: int, with_it: set[int]) -> Answer:
        lacking = self._companions(index) - with_it
        if lacking:
            reason = f"comes only together with {self.names[min(lacking)]}"
            return Answer(self.names[index], None, reason=reason)
        state = self._state
        if state.host[index] >= 0:
            raise UsageError(f"workload {self.names[index]!r} runs already", "release it first")
        host, name = self._place(index), self.names[index]
        if host < 0:
            return Answer(name, None, reason=self._reason(index))
        over = self._searcher.purse.exceeded(state.host, (state.members > 0) | state.forced_on)
        if over:
            self.release(index)
            named = " and ".join(f"'{one}'" for one in over)
            return Answer(name, None, reason=f"on {self.hosts[host]}, the best, it exceeds {named}")
        woken = bool(state.members[host] == 1 and not state.forced_on[host])
        return Answer(name, self.hosts[host], _bits(int(state.device_mask[index])), woken)

    def admit_together(self, workloads: Sequence[str | int]) -> list[Answer]:
        """Admit all of some workloads or none; the reason names the one that found no host."""
        answers: list[Answer] = []
        every = {self._find(workload) for workload in workloads}
        for workload in workloads:
            answer = self._alone(self._find(workload), every)
            answers.append(answer)
            if answer.is_admitted:
                continue
            for done in answers[:-1]:
                self.release(done.workload)
            return [self._beside(one, answer) for one in workloads]
        return answers

    def whole_groups(self, groups: Sequence[Sequence[str]]) -> list[list[str]]:
        """Join groups of workloads that come only together, with all that are missing yet."""
        joined: list[set[int]] = []
        for group in groups:
            found = {self._index[name] for name in group}
            found |= {other for index in found for other in self._companions(index)}
            apart = [one for one in joined if not one & found]
            joined = [*apart, found.union(*(one for one in joined if one & found))]
        return [[self.names[index] for index in sorted(group)] for group in joined]

    def _companions(self, index: int) -> set[int]:
        """Return the workloads without a host that come with one or not at all."""
        found: set[int] = set()
        waiting = self._state.host < 0
        for rule in self.problem.rules:
            if isinstance(rule.policy, GroupTogether) and rule.group[index] >= 0:
                found |= set(np.flatnonzero((rule.group == rule.group[index]) & waiting).tolist())
        return found - {index}

    def release(self, workload: str | int) -> None:
        """Take a workload off its host, which sleeps again if it was woken for such.

        Raises ``UsageError`` when it does not run.
        """
        index = self._find(workload)
        if self._state.host[index] < 0:
            raise UsageError(f"workload {self.names[index]!r} does not run", "admit it first")
        release_one(self._searcher.data_ref, self._searcher.state_ref, self._memory, index)

    @property
    def placement(self) -> Placement:
        """Where everything runs now, which hosts are on, and the devices (a copy).

        A host whose devices are overfull has no assignment; then none is given.
        """
        state = self._state
        devices = None
        if self._has_devices:
            devices = [_bits(mask) for mask in state.device_mask.tolist()]
        return Placement(state.host.copy(), (state.members > 0) | state.forced_on, devices)

    def _warm_up(self) -> None:
        """Load the compiled code, so that the first answer is as fast as the others."""
        waiting = np.flatnonzero(self._state.host < 0)
        if len(waiting):
            index = int(waiting[0])
            if self._place(index) >= 0:
                self.release(index)
            self._reason(index)

    def _place(self, index: int) -> int:
        searcher = self._searcher
        found = admit_one(
            searcher.data_ref,
            searcher.state_ref,
            self._mix,
            self._memory,
            index,
            self._price,
            searcher.scale,
            self._scratch,
        )
        return int(found)

    @property
    def _state(self) -> State:
        assert self._searcher.state is not None
        return self._searcher.state

    def _find(self, workload: str | int) -> int:
        if isinstance(workload, str):
            if workload not in self._index:
                near = did_you_mean(workload, self._index) or "the twin must know it"
                raise UsageError(f"there is no workload {workload!r}", near)
            return self._index[workload]
        return int(workload)

    def _reason(self, index: int) -> str:
        searcher = self._searcher
        barriers(searcher.data_ref, searcher.state_ref, index, self.codes)
        return refusal(Refused(self.problem, self._state, index, self.codes))

    def _beside(self, workload: str | int, refused: Answer) -> Answer:
        name = self.names[self._find(workload)]
        if name == refused.workload:
            return refused
        return Answer(name, None, reason=f"comes only together with {refused.workload}")


def mix_of(problem: Problem, expected: np.ndarray | None) -> Mix:
    """Return the mix of expected workloads; those without use of the worth tell nothing."""
    twin, eligibility = problem.twin, problem.eligibility
    weight = np.ones(problem.num_workloads) if expected is None else np.asarray(expected, float)
    worth = -1 if problem.device_size else int(twin.attrs["power_resource"])
    need = twin["flavour_usage"].values.max(axis=2).astype(np.int64)
    request = problem.device_request if worth < 0 else need[:, worth]
    classes = len(eligibility.allowed)
    key = problem.flavour.astype(np.int64) * classes + eligibility.of_workload
    kinds, inverse = np.unique(key, return_inverse=True)
    count = np.bincount(inverse.reshape(-1), weights=weight, minlength=len(kinds))
    count = np.where(request[kinds // classes] > 0, count, 0.0)
    order = np.argsort(-count, kind="stable")[:MOST_ENTRIES]
    order = order[count[order] > 0.0]
    flavour = kinds[order] // classes
    return Mix(
        need=np.ascontiguousarray(need[flavour]),
        request=np.ascontiguousarray(request[flavour]).astype(np.int64),
        share=count[order] / max(count[order].sum(), 1e-12),
        allowed=np.ascontiguousarray(eligibility.allowed[kinds[order] % classes]),
        resource=problem.column_resource.astype(np.int64),
        flavour_need=need,
        worth=worth,
        one_copy=ONE_COPY,
    )


def _mean_worth(problem: Problem, mix: Mix) -> float:
    """Return how much of the worth a host has that has any."""
    if mix.worth < 0:
        offered = problem.host_devices * problem.device_size
    else:
        offered = problem.twin["host_capacity"].values[:, mix.worth]
    return float(offered[offered > 0].mean()) if (offered > 0).any() else 1.0


def _memory(problem: Problem) -> Memory:
    slots = max(1, min(len(problem.use), MOST_CELLS // max(1, problem.num_hosts)))
    shape = (slots, problem.num_hosts)
    return Memory(
        stamp=np.full(shape, -1, dtype=np.int64),
        growth=np.zeros(shape),
        device=np.zeros(shape, dtype=np.int64),
        version=np.zeros(problem.num_hosts, dtype=np.int64),
        before=np.zeros(problem.num_hosts),
        seen=np.full(problem.num_hosts, -1, dtype=np.int64),
    )


def device_masks(
    problem: Problem, host: np.ndarray, devices: Sequence[Sequence[int]] | None
) -> tuple[np.ndarray, bool]:
    """Return the devices of every workload as bits (workload,) uint64, and whether all have some.

    Where they are not told for all workloads of a host they are packed anew; a host whose requests
    do not fit has its devices shared out in turn and takes no more.
    """
    masks = np.zeros(problem.num_workloads, dtype=np.uint64)
    if not problem.device_size:
        return masks, False
    request = problem.device_request[problem.flavour]
    needing = np.flatnonzero((request > 0) & (host >= 0))
    if devices is not None:
        masks[needing] = [_mask(devices[workload]) for workload in needing.tolist()]
    unknown = np.unique(host[needing[masks[needing] == 0]])
    order = needing[np.isin(host[needing], unknown)]
    order = order[np.argsort(host[order], kind="stable")]
    ends, fits = np.searchsorted(host[order], unknown, side="right"), True
    for index, start, end in zip(unknown.tolist(), [0, *ends[:-1]], ends, strict=False):
        members = order[start:end]
        count = int(problem.host_devices[index])
        packed = assign_devices(request[members], count, problem.device_size)
        if packed is None:
            packed, fits = [(turn % max(count, 1),) for turn in range(len(members))], False
        masks[members] = [_mask(one) for one in packed]
    return masks, fits


def _mask(devices: Iterable[int]) -> np.uint64:
    return np.uint64(sum(1 << int(device) for device in set(devices)))


def _bits(mask: int) -> tuple[int, ...]:
    return tuple(bit for bit in range(64) if mask >> bit & 1)
