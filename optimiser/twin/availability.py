"""Predicted availability of replicas that share domains, and which placements meet a target.

Hardware only, so it is an upper bound: people, maintenance and software cause most outages.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from optimiser.library.reliability import load_components
from optimiser.schema.policy import Availability
from optimiser.units import HOURS_PER_YEAR

MOST_SHAPES = 1000
"""Ways to share domains up to which all are looked at: of 16 replicas, or of 61 in two domains."""
MINUTES_PER_YEAR = HOURS_PER_YEAR * 60.0
PARTS = 1_000_000
"""Down times are compared in whole millionths of a minute a year, rounded down."""


def unavailability(failures_per_year: float, repair_h: float) -> float:
    r"""Return the share of time [1] that a component is down: :math:`U / (1 + U)`.

    :math:`U = \lambda r / 8760` with λ failures a year and r hours of repair; MTTR / (MTBF + MTTR)
    with the mean up time as MTBF.

    Reference: R. Billinton, R. N. Allan, Reliability Evaluation of Engineering Systems, 2nd ed.
    1992, section 9.2, https://doi.org/10.1007/978-1-4899-0685-4.
    """
    ratio = failures_per_year * repair_h / HOURS_PER_YEAR
    return ratio / (1.0 + ratio)


def in_series(parts: Sequence[float]) -> float:
    """Return the unavailability [1] of independent parts that are all needed."""
    return -math.expm1(sum(math.log1p(-part) for part in parts))


def too_few_up(number: int, needed: int, down: float) -> float:
    """Return the chance [1] that fewer than ``needed`` of ``number`` alike units are up.

    Each is down with chance ``down``, independently: a k-of-n system.
    """
    return float(_up(number, down)[:needed].sum())


@cache
def _up(number: int, down: float) -> np.ndarray:
    """Return the chance of each number of units that are up (number + 1,)."""
    up = np.arange(number + 1)
    ways = np.array([math.comb(number, int(i)) for i in up], dtype=float)
    return np.asarray(ways * (1.0 - down) ** up * down ** (number - up))


@dataclass(frozen=True)
class Figures:
    """Unavailability [1] of what the replicas of one ``domain`` share and of one ``server``.

    ``common`` is the share of the domains' failures that takes all of them down at once, the beta
    factor.
    """

    domain: float
    server: float
    common: float


@cache
def service_down(counts: tuple[int, ...], needed: int, figures: Figures) -> float:
    r"""Return the chance [1] that a service has fewer than ``needed`` replicas up.

    ``counts`` replicas in each domain. With unavailability u of a domain and common cause β, all
    domains are down together with chance βu, and else each by itself with (1 − β)u; a replica in a
    domain that is up is down with that of its server. For two domains, one replica in each and
    perfect servers that is :math:`\beta u + (1 - \beta u) ((1 - \beta) u)^2`.

    Reference: K. N. Fleming, A reliability model for common mode failure in redundant safety
    systems, 1974 (beta factor).
    """
    together = figures.common * figures.domain
    alone = (1.0 - figures.common) * figures.domain
    up = np.ones(1)
    for count in counts:
        here = (1.0 - alone) * _up(count, figures.server)
        here[0] += alone
        up = np.convolve(up, here)
    return together + (1.0 - together) * float(up[:needed].sum())


def shapes(number: int, domains: int, largest: int | None = None) -> Iterator[tuple[int, ...]]:
    """Yield every way to put alike replicas into alike domains, fullest domain first."""
    if number == 0:
        yield ()
        return
    if domains == 0:
        return
    for first in range(min(number, largest or number), 0, -1):
        for rest in shapes(number - first, domains - 1, first):
            yield (first, *rest)


@cache
def has_few_shapes(number: int, domains: int) -> bool:
    """Whether every way to put up to so many replicas into domains can be looked at."""
    if number > MOST_SHAPES:
        return False
    ways = np.zeros(number + 1, dtype=np.int64)  # of each number, with domains looked at so far
    ways[0] = 1
    for held in range(1, min(domains, number) + 1):  # parts and sizes of parts may change roles
        for count in range(held, number + 1):
            ways[count] += ways[count - held]
        if ways.sum() > MOST_SHAPES:
            return False
    return True


def down_parts(down: float) -> int:
    """Return a chance of being down in ``1/PARTS`` minutes a year, rounded down.

    What sums of chances lose to rounding is far below the hair that is added before.
    """
    return math.floor(down * MINUTES_PER_YEAR * PARTS + 1e-3)


def figures_of(policy: Availability) -> Figures:
    """Return how often domains and servers of a policy are down.

    Raises ``KeyError`` for a component that nobody knows; the site's check tells it before.
    """
    known = {**load_components(), **{one.name: one for one in policy.figures}}

    def down(name: str) -> float:
        return unavailability(known[name].failures_per_year, known[name].repair_h)

    shared = in_series([down(name) for name in policy.components])
    return Figures(shared, down(policy.server), policy.common_cause)


def needed_of(policy: Availability, number: int) -> int:
    """Return how many of a service's replicas must be up."""
    if policy.needed_fraction is not None:
        return max(1, math.ceil(number * policy.needed_fraction - 1e-9))
    return policy.needed or 1


@dataclass(frozen=True)
class ShapeLimits:
    """What every way to share domains that meets a target has in common.

    ``fullest`` (j,): the j fullest domains hold at most so many replicas together; ``most``
    domains are used. ``strict`` are the largest number in one domain and the least and the largest
    number of domains that together are enough, as wide as they may be, ``None`` where no such
    three are. At least ``fewest`` replicas have a host, 0 where all do anyway. ``best`` is the
    least chance of being down that is possible; infinite where it is not known. ``is_exact``:
    whatever keeps ``fullest``, ``most`` and ``fewest`` meets the target.
    """

    fullest: tuple[int, ...]
    most: int
    strict: tuple[int, int, int] | None
    best: float
    is_possible: bool
    fewest: int = 0
    is_exact: bool = False


@cache
def shape_limits(
    number: int, domains: int, needed: int, figures: Figures, allowed: int, may_miss: bool = False
) -> ShapeLimits:
    """Return the limits for ``number`` replicas over alike ``domains``.

    ``allowed`` is the longest down time, in parts (:func:`down_parts`). ``may_miss``: some
    replicas may have no host.
    Beyond ``MOST_SHAPES`` ways to share domains only what one domain may hold is known.
    """
    domains = min(domains, number)
    if not has_few_shapes(number, domains):
        of_many = _of_many(number, domains, needed, figures, allowed)
        is_asked = may_miss and down_parts(1.0) > allowed  # with fewer up it is always down
        return replace(of_many, fewest=needed) if is_asked else of_many
    numbers = range(number + 1) if may_miss else (number,)
    tried = [shape for count in numbers for shape in shapes(count, domains)]
    down = np.array([service_down(shape, needed, figures) for shape in tried])
    table = _padded(tried, domains)
    good = np.array([down_parts(float(one)) <= allowed for one in down], dtype=bool)
    best = float(down.min(initial=np.inf))
    if not good.any():
        return ShapeLimits((0,) * domains, 0, None, best, False)
    sums = np.cumsum(table, axis=1)
    used = (table > 0).sum(axis=1)
    placed = np.array([sum(shape) == number for shape in tried])
    fullest, most = sums[good].max(axis=0), int(used[good].max())
    fewest = int(table[good].sum(axis=1).min()) if may_miss else 0
    inside = (sums <= fullest).all(axis=1) & (used <= most) & (table.sum(axis=1) >= fewest)
    return ShapeLimits(
        fullest=tuple(fullest.tolist()),
        most=most,
        strict=_strict(table[placed], used[placed], good[placed]),
        best=best,
        is_possible=True,
        fewest=fewest,
        is_exact=bool(good[inside].all()),
    )


def _padded(tried: Sequence[tuple[int, ...]], domains: int) -> np.ndarray:
    """Return ways to share domains as rows (way, domain), the fullest domain first."""
    table = [[*shape, *(0,) * (domains - len(shape))] for shape in tried]
    return np.array(table, dtype=np.int64).reshape(len(tried), domains)


def _of_many(number: int, domains: int, needed: int, figures: Figures, allowed: int) -> ShapeLimits:
    """Return what one domain may hold: the loss of one must leave enough, if it is too frequent."""
    together = figures.common * figures.domain
    alone = together + (1.0 - together) * (1.0 - figures.common) * figures.domain
    one = number - needed if down_parts(alone) > allowed else number
    fullest = tuple(min(number, one * (j + 1)) for j in range(domains))
    enough = one > 0 and down_parts(together) <= allowed and fullest[-1] >= number
    return ShapeLimits(fullest, domains, None, math.inf, enough)


@dataclass(frozen=True)
class Way:
    """A way to share domains: replicas by domain, and how far it misses the target, in parts.

    Whoever has as many replicas in as many domains, or more, is down no longer than that.
    """

    shape: tuple[int, ...]
    missing: int


@cache
def least_ways(
    number: int, domains: int, needed: int, figures: Figures, allowed: int, may_miss: bool = False
) -> tuple[Way, ...] | None:
    """Return the ways by which every placement of a service can be judged; None if too many.

    A further replica never makes a service less available, so the least that any way within the
    reach of a placement misses is what the placement itself misses, and ways that hold more than
    another one without missing less are left out. Arguments are those of :func:`shape_limits`.
    """
    domains = min(domains, number)
    if not has_few_shapes(number, domains):
        return None
    tried = [shape for count in range(number + 1) for shape in shapes(count, domains)]
    down = [down_parts(service_down(shape, needed, figures)) for shape in tried]
    missing = np.maximum(np.array(down, dtype=np.int64) - allowed, 0)
    table = _padded(tried, domains)
    if not may_miss:  # fewer replicas matter only as a part of what keeps the target
        asked = (missing == 0) | (table.sum(axis=1) == number)
        table, missing = table[asked], missing[asked]
    found: list[int] = []
    for index in np.lexsort((missing, table.sum(axis=1))).tolist():
        inside = (table[found] <= table[index]).all(axis=1)
        if not (inside & (missing[found] <= missing[index])).any():
            found.append(index)
    return tuple(
        Way(tuple(held for held in table[index].tolist() if held), int(missing[index]))
        for index in found
    )


def _strict(table: np.ndarray, used: np.ndarray, good: np.ndarray) -> tuple[int, int, int] | None:
    """Return (most in one domain, fewest, most domains) that admit good shapes only, and most."""
    best, found = 0, None
    fullest = table.max(axis=1, initial=0)
    for most_in in range(1, int(fullest.max(initial=0)) + 1):
        for least in range(1, int(used.max(initial=0)) + 1):
            for most in range(least, int(used.max(initial=0)) + 1):
                inside = (fullest <= most_in) & (used >= least) & (used <= most)
                count = int(inside.sum())
                if count > best and good[inside].all():
                    best, found = count, (most_in, least, most)
    return found
