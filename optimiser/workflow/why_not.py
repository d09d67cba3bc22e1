"""Why one workload is not on one host: what would break, and what it would cost."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement, Verdict
from optimiser.analysis.verify import verify
from optimiser.errors import UsageError, did_you_mean
from optimiser.schema.study import Weights
from optimiser.solve.objective import evaluate
from optimiser.solve.problem import lower
from optimiser.twin.rules import Rule


@dataclass(frozen=True)
class WhyNot:
    """What stands between a workload and a host.

    ``broken`` are the rules that would be broken and are not now, in words; ``extra_cost`` what the
    site would cost more over the horizon, by the optimiser's model; ``frees`` hosts that would be
    empty then and could sleep.
    """

    workload: str
    host: str
    now_on: str
    is_there: bool
    broken: list[str]
    extra_cost: float
    currency: str
    frees: list[str]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        return dataclasses.asdict(self)

    def sentence(self) -> str:
        """Say it in one sentence."""
        if self.is_there:
            return f"{self.workload} runs on {self.host}."
        if self.broken:
            count = len(self.broken)
            noun = "rule" if count == 1 else "limits"
            return f"{self.workload} may not run on {self.host}: {count} {noun} would be broken."
        change = f"{abs(self.extra_cost):.4g} {self.currency} over the horizon"
        if self.extra_cost >= 0:
            return f"{self.workload} may run on {self.host}; alone, that costs {change} more."
        return f"{self.workload} may run on {self.host}; that alone would save {change}."


def why_not(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    weights: Weights,
    placement: Placement,
    workload: str,
    host: str,
) -> WhyNot:
    """Move one workload to one host in thought and say what happens.

    Raises ``UsageError`` with the nearest name when a name is unknown.
    """
    w, h = _find(twin, "workload", workload), _find(twin, "host", host)
    names = twin["host"].values.astype(str)
    here = int(placement.host[w])
    moved = np.array(placement.host, copy=True)
    moved[w] = h
    on = np.array(placement.host_on, dtype=bool)
    on[h] = True
    frees = [names[here]] if here >= 0 and here != h and not (moved == here).any() else []
    trial = Placement(moved, on)
    now = Placement(np.asarray(placement.host), np.asarray(placement.host_on, dtype=bool))
    problem = lower(twin, rules, weights)
    before, after = evaluate(problem, now.host, now.host_on), evaluate(problem, moved, on)
    return WhyNot(
        workload=workload,
        host=host,
        now_on=names[here] if here >= 0 else "",
        is_there=here == h,
        broken=_new(verify(twin, rules, now), verify(twin, rules, trial)),
        extra_cost=sum(after.values()) - sum(before.values()),
        currency=str(twin.attrs["currency"]),
        frees=frees,
    )


def _new(before: Verdict, after: Verdict) -> list[str]:
    """Return the violations that are there after and were not before, limit by limit."""
    known = Counter((v.rule, v.where, v.value) for v in before.violations)
    found = []
    for violation in after.violations:
        key = (violation.rule, violation.where, violation.value)
        if known[key] > 0:
            known[key] -= 1
        else:
            found.append(violation.sentence)
    return found


def _find(twin: xr.Dataset, dim: str, name: str) -> int:
    names = twin[dim].values.astype(str).tolist()
    if name not in names:
        near = did_you_mean(name, names) or f"names are like {names[0]}"
        raise UsageError(f"the site has no {dim} {name!r}", near)
    return names.index(name)
