"""Response times of queues, and how busy a server may be so that they stay below a limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Literal

Queue = Literal["mg1_ps", "mmc"]
HALVINGS = 60


def erlang_c(servers: int, utilisation: float) -> float:
    r"""Return the probability [1] that a request waits in an M/M/c queue.

    ``servers`` c ≥ 1; ``utilisation`` ρ in [0, 1), the share of all servers that is busy. With the
    offered load a = cρ, Erlang's loss probability follows from
    :math:`B_n = a B_{n-1} / (n + a B_{n-1})`, :math:`B_0 = 1`, which is stable for hundreds of
    servers, and :math:`C = B_c / (1 - \rho (1 - B_c))`.

    Reference: A. K. Erlang (1917); L. Kleinrock, Queueing Systems, vol. 1, 1975, section 3.5.
    """
    load, loss = servers * utilisation, 1.0
    for number in range(1, servers + 1):
        loss = load * loss / (number + load * loss)
    return loss / (1.0 - utilisation * (1.0 - loss))


def mean_response(queue: Queue, service: float, servers: int, utilisation: float) -> float:
    r"""Return the mean time from arrival to end of a request, in the unit of ``service``.

    ``mg1_ps``: one server shared equally by all requests at hand, Poisson arrivals and any
    distribution of service times with mean S, :math:`R = S / (1 - \rho)`; it does not depend on
    ``servers``. ``mmc``: c servers with one queue, Poisson arrivals and exponential service times,
    :math:`R = S + C(c, \rho)\, S / (c (1 - \rho))`. At ρ ≥ 1 the queue grows without end and the
    answer is infinite.

    References: M. Sakata, S. Noguchi, J. Oizumi, An analysis of the M/G/1 queue under round-robin
    scheduling, Operations Research 19 (1971), https://doi.org/10.1287/opre.19.2.371; L. Kleinrock,
    Queueing Systems, vol. 2, 1976, section 4.4; for M/M/c vol. 1, 1975, section 3.5.
    """
    if utilisation >= 1.0:
        return math.inf
    if queue == "mg1_ps":
        return service / (1.0 - utilisation)
    wait = erlang_c(servers, utilisation) * service / (servers * (1.0 - utilisation))
    return service + wait


def slower_than(limit: float, service: float, servers: int, utilisation: float) -> float:
    r"""Return the share [1] of requests of an M/M/c queue (first come, first served) above a limit.

    With μ = 1/S, a = cρ and d = c − 1 − a, :math:`P(T > t) = e^{-\mu t} \bigl( 1 + C(c, \rho)
    (1 - e^{-\mu t d}) / d \bigr)`; for one server that is :math:`e^{-\mu (1 - \rho) t}`.
    ``limit`` t is in the unit of ``service``.

    Reference: D. Gross, C. M. Harris, Fundamentals of Queueing Theory, 3rd ed. 1998, section 2.3.
    """
    if utilisation >= 1.0:
        return 1.0
    time, rest = limit / service, servers - 1.0 - servers * utilisation
    spread = time  # the limit of (1 − exp(−time · rest)) / rest · exp(−time) at rest 0
    alone = math.exp(-time)
    if abs(rest) * time > 1e-9:
        both = math.exp(-time * (1.0 + rest))  # 1 + rest is above 0, so that nothing overflows
        return alone + erlang_c(servers, utilisation) * (alone - both) / rest
    return alone * (1.0 + erlang_c(servers, utilisation) * spread)


@cache
def largest_utilisation(
    queue: Queue, service: float, limit: float, servers: int, percentile: float | None = None
) -> float:
    """Return how busy servers may be, in [0, 1), so that response times stay below a limit.

    Mean response times, or the ``percentile`` (0–100) of those of an M/M/c queue. ``service`` and
    ``limit`` in one unit. 0 where not even an idle server is fast enough.
    """
    if queue == "mg1_ps":
        return max(0.0, 1.0 - service / limit)

    def is_fast(utilisation: float) -> bool:
        if percentile is None:
            return mean_response(queue, service, servers, utilisation) <= limit
        slow = slower_than(limit, service, servers, utilisation)
        return slow <= 1.0 - percentile / 100.0

    return _largest(is_fast)


def _largest(holds: Callable[[float], bool]) -> float:
    """Return the largest number in [0, 1) up to which something holds, by halving."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
