"""One way out of an infeasible study: which limits give way, by how much, in words."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimiser.formulation.context import Context, Slack
from optimiser.formulation.placement_rules import forbidden_pairs
from optimiser.formulation.rackrows import IN_TOTAL
from optimiser.schema.policy import Availability, Budget
from optimiser.solve.finding import Finding
from optimiser.twin.availability import MINUTES_PER_YEAR, PARTS
from optimiser.twin.devices import assign_devices
from optimiser.twin.placing import PLACEMENT_KINDS
from optimiser.twin.rules import Rule
from optimiser.twin.spending import resolution
from optimiser.twin.standing import predicted, standings

SHOWN = 4
AT_LEAST = "at least: "
WATT_PER_KILOWATT = 1000.0
CENTIKELVIN_PER_KELVIN = 100.0
SHORT_UNITS = {"workloads": "workload", "moves": "move", "hosts": "host", "replicas": "replica",
               "domains": "domain", "devices": "device", "licences": "licence",
               "groups": "group", "units": "unit"}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One limit that gives way by ``amount`` [``unit``].

    ``constraint`` and ``rule`` say which (``capacity`` for hosts), ``where`` names the place as the
    checker does, ``who`` the workloads that a placement rule lets go; ``hosts`` (indices) are those
    of a merged class, the first of which ``where`` names. ``limit`` is what a budget has now, and
    ``least`` the amount below which nothing is possible, where that is proven and less;
    its limit is written ``per`` day or year, of which the horizon is a ``share``.
    """

    constraint: str
    rule: str
    where: str
    amount: float
    unit: str
    who: tuple[str, ...] = ()
    hosts: tuple[int, ...] = ()
    limit: float = math.nan
    least: float = math.nan
    per: str = ""
    share: float = 1.0

    @property
    def family(self) -> str:
        """What gives way together."""
        return "capacity" if self.constraint in ("capacity", "device_packing") else self.rule

    @property
    def quantity(self) -> str:
        """Amount and unit, such as ``1.4 kW`` or ``1 move``."""
        unit = SHORT_UNITS.get(self.unit, self.unit) if self.amount == 1 else self.unit
        return f"{self.amount:,.10g} {unit}".rstrip()

    @property
    def is_sure(self) -> bool:
        """Whether no smaller amount may be enough, as far as is known."""
        return not self.least < self.amount - 2.0 * resolution(self.limit)

    @property
    def words(self) -> str:
        """What to do, as the end of "you could …"."""
        return _WORDS.get(self.constraint, _raise_limit)(self)


def _raise_limit(step: Step) -> str:
    if step.where == IN_TOTAL:
        return f"raise the limits of '{step.rule}' by {step.quantity} in total"
    return f"raise the limit of '{step.rule}' for {step.where} by {step.quantity}"


def _raise_budget(step: Step) -> str:
    """Say the least number that is possible, too."""
    told = f"raise the budget '{step.rule}' by {step.quantity}, to {_new_limit(step, step.amount)}"
    if not step.is_sure:
        told += f" (proven: nothing below {_new_limit(step, step.least)} is possible)"
    return told


def _new_limit(step: Step, more: float) -> str:
    """Return the limit as it is to be written, and what that is over the horizon."""
    over_horizon = f"{step.limit + more:,.7g} {step.unit}"
    if step.per in ("", "horizon"):
        return over_horizon
    digits = 10.0 ** (math.floor(math.log10(step.limit + more)) - 6)
    written = math.ceil((step.limit + more) / step.share / digits) * digits
    return f"{written:,.7g} {step.unit} a {step.per}, which is {over_horizon} here"


def _miss_target(step: Step) -> str:
    if math.isnan(step.limit):
        return f"let '{step.rule}' ask less of {step.where}"
    longest = math.ceil((step.limit + step.amount) * 1e4) / 1e4
    target = 1.0 - longest / MINUTES_PER_YEAR
    return (
        f"let {step.where} be down {longest:,.10g} min/year, "
        f"a target of {target:.12g} in '{step.rule}'"
    )


def _miss_minutes(step: Step) -> str:
    return f"let '{step.rule}' miss the target of {step.where} by {step.quantity}"


def _class_of(step: Step) -> str:
    if len(step.hosts) < 2 or not step.where.startswith("host "):
        return step.where
    return f"the {len(step.hosts)} hosts like {step.where.removeprefix('host ')} together"


def _let_go(step: Step) -> str:
    shown = ", ".join(step.who[:SHOWN])
    more = f" and {len(step.who) - SHOWN} more" if len(step.who) > SHOWN else ""
    target = f" run on {step.where}" if step.where else " go"
    return f"let {shown or step.quantity}{more}{target} in spite of '{step.rule}'"


_WORDS = {
    "capacity": lambda s: f"free {s.quantity} on {_class_of(s)}, or give as much more",
    "device_packing": lambda s: f"add {s.quantity} to {s.where}, or free as much",
    "redundant_feed": lambda s: f"raise the rating of {s.where} by {s.quantity} ('{s.rule}')",
    "cooling_capacity": lambda s: f"add {s.quantity} of cooling to {s.where} ('{s.rule}')",
    "inlet_temperature": lambda s: f"let the air at {s.where} be {s.quantity} warmer ('{s.rule}')",
    "headroom": lambda s: f"keep {s.quantity} less free in {s.where} ('{s.rule}')",
    "presence_overhead": lambda s: f"free {s.quantity} on {s.where} ('{s.rule}')",
    "response_time": lambda s: f"free {s.quantity} on {s.where} ('{s.rule}')",
    "free_units": lambda s: f"let '{s.rule}' ask for {s.quantity} less",
    "survive_domain": lambda s: f"let '{s.rule}' be {s.quantity} short of {s.where}",
    "spread_max_per_domain": lambda s: f"let '{s.rule}' allow {s.quantity} more for {s.where}",
    "spread_min_domains": lambda s: f"let '{s.rule}' ask for {s.quantity} fewer of {s.where}",
    "spread_max_skew": lambda s: f"let '{s.rule}' allow {s.quantity} more skew for {s.where}",
    "anti_affinity": lambda s: f"let '{s.rule}' allow {s.quantity} more for {s.where}",
    "affinity": lambda s: f"let '{s.rule}' allow {s.quantity} more for {s.where}",
    "isolation_limit": lambda s: f"let '{s.rule}' allow {s.quantity} more for {s.where}",
    "licence": lambda s: f"get {s.quantity} more for '{s.rule}'",
    "group_count": lambda s: f"let '{s.rule}' allow {s.quantity} more in {s.where}",
    "isolation": lambda s: f"let '{s.rule}' allow {s.quantity} more in {s.where}",
    "dependency": lambda s: f"let '{s.rule}' allow {s.quantity} for {s.where}",
    "latency_to_services": lambda s: f"let '{s.rule}' allow {s.quantity} for {s.where}",
    "routing_latency": lambda s: f"let '{s.rule}' allow {s.quantity} more for {s.where}",
    "transient_capacity": lambda s: f"free {s.quantity} on {s.where} for moves ('{s.rule}')",
    "max_moves": lambda s: f"allow {s.quantity} more than '{s.rule}' does",
    "max_moves_per_service": lambda s: f"allow {s.quantity} more of {s.where} than '{s.rule}' does",
    "move_budget": lambda s: f"raise the budget '{s.rule}' by {s.quantity}",
    "budget": _raise_budget,
    "availability": _miss_target,
    "availability_domains": _miss_target,
    "availability_served": _miss_target,
    "missing_availability": _miss_minutes,
    "max_hosts_on": lambda s: f"allow {s.quantity} more on than '{s.rule}' does",
    "min_hosts_on": lambda s: f"let '{s.rule}' ask for {s.quantity} fewer",
    **dict.fromkeys(PLACEMENT_KINDS, _let_go),
}


@dataclass(frozen=True)
class Relaxation:
    """Steps that together make the study feasible; ``family`` is empty for a combination.

    ``price`` sums the shares by which limits give way. With ``is_exact``, ``host`` (W,) and
    ``host_on`` (H,) are a placement that breaks nothing else; otherwise the amounts are lower
    limits, and ``enough`` are amounts for which a legal plan was found, if one was.
    """

    family: str
    steps: tuple[Step, ...]
    price: float
    is_exact: bool = False
    host: np.ndarray | None = None
    host_on: np.ndarray | None = None
    enough: tuple[Step, ...] = ()

    @property
    def is_tight(self) -> bool:
        """Whether the least amounts are proven enough, so that they are what is missing."""
        least = [(step.rule, step.amount) for step in self.steps]
        return least == [(step.rule, step.amount) for step in self.enough]

    def finding(self) -> Finding:
        """Return it in words."""
        first = self.steps[0]
        total = sum(s.amount for s in self.steps if (s.rule, s.unit) == (first.rule, first.unit))
        return Finding(
            rule=self.family or first.rule,
            who=tuple(dict.fromkeys([s.where for s in self.steps if s.where] + self._workloads())),
            short_by=round(total, 6),
            unit=first.unit,
            sentence=self._sentence(total),
            remedy=self._remedy(),
        )

    def _workloads(self) -> list[str]:
        return [name for step in self.steps for name in step.who]

    def _sentence(self, total: float) -> str:
        if not self.family:
            rules = list(dict.fromkeys(step.family for step in self.steps))
            names = _join([_name(rule) for rule in rules], "and")
            return f"no rule gives way enough by itself: {names} must do so together"
        is_sure = self.steps[0].is_sure
        short = round(total if is_sure else self.steps[0].least, 6)
        amount = Step("", "", "", short, self.steps[0].unit).quantity
        least = "" if is_sure and (self.is_exact or self.is_tight) else "at least "
        number = len(self.steps)
        at = self.steps[0].where if number == 1 else f"{number} places"
        place = "" if not at else f" {at}" if at == IN_TOTAL else f" at {at}"
        return f"with all other rules kept, {_name(self.family)} is {least}{amount} short{place}"

    def _remedy(self) -> str:
        steps = self.enough or self.steps
        words = [step.words for step in steps[:SHOWN]]
        if len(steps) > SHOWN:
            words.append(f"{len(steps) - SHOWN} more like these")
        head = "" if self.is_exact else "enough, as a plan shows: " if self.enough else AT_LEAST
        return head + _join(words, "and")


def _name(family: str) -> str:
    return "the capacity of hosts" if family == "capacity" else f"'{family}'"


def _join(parts: Sequence[str], last: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def read_steps(
    context: Context,
    given: Sequence[tuple[Slack, float]],
    host: np.ndarray | None,
    count: np.ndarray | None,
) -> tuple[Step, ...]:
    """Return the steps behind the slacks that gave way, dearest first.

    ``host`` (W,) is the placement of an exact model; then devices and placement rules are read from
    it, because there counts say less than names. Else ``count`` (pair,) is the point of an LP.
    """
    given = sorted(given, key=lambda pair: -pair[0].weight * pair[1])
    device = _device_resource(context)
    steps: list[Step] = []
    for slack, amount in given:
        if slack.constraint in PLACEMENT_KINDS:
            if count is not None:
                steps.append(_forbidden_in_counts(context, slack, amount, count))
        elif host is not None and "availability" in slack.constraint:
            continue  # told in minutes, from the placement
        elif host is None or not _is_device(slack, device):
            steps.append(_plain_step(context, slack, amount))
    if host is not None:
        steps += _missed_targets(context, host)
        steps += _forbidden_in_placement(context, host) + _missing_devices(context, host)
    # the sum over merged places only repeats what the places say
    named = {step.rule for step in steps if step.where != IN_TOTAL}
    return tuple(step for step in steps if step.where != IN_TOTAL or step.rule not in named)


def _device_resource(context: Context) -> str:
    twin = context.instance.twin
    index = int(twin.attrs["device_resource"])
    return str(twin["resource"].values[index]) if index >= 0 else ""


def _is_device(slack: Slack, device: str) -> bool:
    if slack.constraint == "device_packing":
        return True
    return bool(device) and slack.constraint == "capacity" and slack.where.endswith(f" {device}")


def _plain_step(context: Context, slack: Slack, amount: float) -> Step:
    where = slack.where.removeprefix(slack.rule).strip()
    unit, host = slack.unit, where
    if slack.constraint == "capacity":
        host, _, unit = where.rpartition(" ")
    if slack.constraint == "device_packing":
        host, unit = where.removesuffix(" devices"), "devices"
    if slack.constraint == "budget":
        return _budget_step(_rule_named(context, slack.rule), amount, unit)
    return Step(slack.constraint, slack.rule, host, _rounded(amount, unit), unit)


def _budget_step(rule: Rule, amount: float, unit: str) -> Step:
    policy, limit = rule.policy, rule.limit
    assert isinstance(policy, Budget)
    step = Step("budget", rule.name, "", _rounded_up(amount, limit), unit, limit=limit)
    if policy.measure == "power" or policy.limit == 0.0:
        return step
    return replace(step, per=policy.per, share=limit / policy.limit)


def _rounded_up(amount: float, limit: float) -> float:
    """Return an amount in whole steps in which the checker compares with a limit, no less.

    The model allows one step more than the limit.
    """
    step = resolution(limit)
    return round((math.ceil(amount / step - 1e-3) + 1) * step, 9)


def _rounded(amount: float, unit: str) -> float:
    """Return the amount that the checker's whole watts, hundredths of a kelvin and counts need.

    The model allows half a step more than the limit, so half a step is added before rounding.
    """
    for name, per_unit in (("kW", WATT_PER_KILOWATT), ("K", CENTIKELVIN_PER_KELVIN)):
        if unit == name:
            return max(1, math.ceil(amount * per_unit + 0.49)) / per_unit
    return float(max(1, math.ceil(amount * (1.0 - 1e-9) - 1e-4)))


def _forbidden_in_placement(context: Context, host: np.ndarray) -> list[Step]:
    """Return a step for each host on which a hard placement rule is broken."""
    steps = []
    twin = context.instance.twin
    names, today = twin["workload"].values.astype(str), twin["workload_host"].values
    for rule in context.instance.frame.rules:
        if not rule.is_hard or rule.allowed is None or rule.allowed_class is None:
            continue
        broken = (host >= 0) & ~rule.allowed[rule.allowed_class, np.maximum(host, 0)]
        if rule.not_worse:
            broken &= host != today
        by_host: dict[int, list[str]] = defaultdict(list)
        for workload in np.flatnonzero(broken).tolist():
            by_host[int(host[workload])].append(str(names[workload]))
        for place, who in by_host.items():
            where = f"host {twin['host'].values[place]}"
            steps.append(
                Step(rule.kind, rule.name, where, float(len(who)), "workloads", tuple(who))
            )
    return steps


def _forbidden_in_counts(context: Context, slack: Slack, amount: float, count: np.ndarray) -> Step:
    rule = _rule_named(context, slack.rule)
    pairs = np.flatnonzero(forbidden_pairs(context, rule) & (count > 1e-6))
    instance, group = context.instance, context.pair_group[pairs]
    share = np.bincount(group, weights=count[pairs], minlength=instance.grouping.num_groups)
    who = tuple(instance.some_members(share))
    return Step(slack.constraint, slack.rule, "", _rounded(amount, "workloads"), "workloads", who)


def _rule_named(context: Context, name: str) -> Rule:
    return next(rule for rule in context.instance.frame.rules if rule.name == name)


def _missed_targets(context: Context, host: np.ndarray) -> list[Step]:
    """Return a step for each service that is predicted to be down longer than allowed."""
    steps, frame = [], context.instance.frame
    for rule in frame.rules:
        if not rule.is_hard or not isinstance(rule.policy, Availability):
            continue
        wanted = standings(rule, frame.twin, frame.serving.is_optional)
        for standing, down in zip(wanted, predicted(rule, host), strict=True):
            if standing.limits.is_possible and down > standing.allowed:
                more, name = (down - standing.allowed) / PARTS, rule.group_names[standing.group]
                allowed = standing.allowed / PARTS
                step = Step("availability", rule.name, name, more, "min/year", limit=allowed)
                steps.append(step)
    return steps


def _missing_devices(context: Context, host: np.ndarray) -> list[Step]:
    """Return a step for each host whose requests do not fit its devices; packing is exact."""
    twin = context.instance.twin
    device = int(twin.attrs["device_resource"])
    if device < 0:
        return []
    size = int(twin.attrs["device_size"])
    request = twin["flavour_usage"].values[twin["workload_flavour"].values, device].max(axis=1)
    today = twin["workload_host"].values
    steps = []
    for place in np.unique(host[(host >= 0) & (request > 0)]).tolist():
        here = (host == place) & (request > 0)
        if context.instance.frame.capacity_not_worse and (today[here] == place).all():
            continue
        have = int(twin["host_capacity"].values[place, device]) // size
        need = have
        while assign_devices(request[here], need, size) is None:
            need += 1
        if need > have:
            where = f"host {twin['host'].values[place]}"
            steps.append(
                Step("device_packing", "device_packing", where, float(need - have), "devices")
            )
    return steps
