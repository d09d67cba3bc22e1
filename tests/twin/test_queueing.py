"""Queues against closed forms, a second way of counting, and a simulated queue."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest
from pydantic import ValidationError

from optimiser.schema.policy import ResponseTime
from optimiser.twin.queueing import erlang_c, largest_utilisation, mean_response, slower_than


def waiting_probability(servers: int, utilisation: float) -> float:
    """Return Erlang's C from the sums of its definition."""
    load = servers * utilisation
    below = sum(load**n / math.factorial(n) for n in range(servers))
    full = load**servers / math.factorial(servers) / (1.0 - utilisation)
    return full / (below + full)


@pytest.mark.parametrize("servers", [1, 2, 5, 40])
@pytest.mark.parametrize("utilisation", [0.0, 0.3, 0.8, 0.99])
def test_erlang_c_is_its_definition(servers: int, utilisation: float):
    """The stable recursion gives what the sums give."""
    expected = waiting_probability(servers, utilisation)
    assert erlang_c(servers, utilisation) == pytest.approx(expected, rel=1e-12)


def test_known_means():
    """One server: S/(1−ρ) for both queues; two: S/(1−ρ²); idle: S; full: never."""
    assert mean_response("mg1_ps", 10.0, 1, 0.75) == pytest.approx(40.0)
    assert mean_response("mmc", 10.0, 1, 0.75) == pytest.approx(40.0)
    assert mean_response("mmc", 10.0, 2, 0.5) == pytest.approx(10.0 / 0.75)
    assert mean_response("mmc", 10.0, 64, 0.0) == 10.0
    assert mean_response("mmc", 10.0, 3, 1.0) == math.inf


def test_known_tails():
    """One server: exp(−μ(1−ρ)t); nobody waits in a queue of many servers at low load."""
    assert slower_than(30.0, 10.0, 1, 0.5) == pytest.approx(math.exp(-1.5))
    assert slower_than(30.0, 10.0, 1000, 0.1) == pytest.approx(math.exp(-3.0))
    # c = 2, ρ = 1/2 makes c − 1 − a zero: the limit e^{−t}(1 + C t) with C = 1/3
    assert slower_than(30.0, 10.0, 2, 0.5) == pytest.approx(math.exp(-3.0) * 2.0)
    near = slower_than(30.0, 10.0, 2, 0.5 + 1e-7)
    assert near == pytest.approx(math.exp(-3.0) * 2.0, rel=1e-5)


def test_tail_integrates_to_the_mean():
    """The mean is the integral of the tail."""
    time = np.linspace(0.0, 400.0, 40_001)
    tail = [slower_than(float(t), 10.0, 3, 0.7) if t else 1.0 for t in time]
    mean = float(np.trapezoid(tail, time))
    assert mean == pytest.approx(mean_response("mmc", 10.0, 3, 0.7), rel=1e-4)


def test_a_simulated_queue_agrees():
    """200,000 requests to four servers at 60 %: mean and share above 30 ms within 3 %."""
    rng, servers, service, busy = np.random.default_rng(5), 4, 10.0, 0.6
    arrival = np.cumsum(rng.exponential(service / (servers * busy), 200_000))
    needed = rng.exponential(service, len(arrival))
    free = [0.0] * servers
    took = np.empty(len(arrival))
    for index, now in enumerate(arrival):
        end = max(now, heapq.heappop(free)) + needed[index]
        heapq.heappush(free, end)
        took[index] = end - now
    expected = mean_response("mmc", service, servers, busy)
    assert took.mean() == pytest.approx(expected, rel=0.03)
    assert (took > 30.0).mean() == pytest.approx(
        slower_than(30.0, service, servers, busy), rel=0.03
    )


@pytest.mark.parametrize(("queue", "percentile"), [("mg1_ps", None), ("mmc", None), ("mmc", 95.0)])
def test_the_largest_utilisation_just_keeps_the_limit(queue: str, percentile: float | None):
    """At it the limit holds, a hair above it does not; more servers may be busier."""
    shares = [largest_utilisation(queue, 10.0, 35.0, c, percentile) for c in (1, 2, 8, 64)]
    assert shares == sorted(shares)
    if queue == "mmc":
        assert shares[0] < shares[-1] < 1.0
    for servers, share in zip((1, 2, 8, 64), shares, strict=True):
        for step, holds in ((-1e-9, True), (1e-9, False)):
            if percentile is None:
                kept = mean_response(queue, 10.0, servers, share + step) <= 35.0
            else:
                kept = slower_than(35.0, 10.0, servers, share + step) <= 0.05
            assert kept == holds


def test_impossible_limits_are_refused_with_the_number():
    """Not even an idle host answers faster than the service time, or its percentile."""
    with pytest.raises(ValidationError, match="its mean is 10 ms, limit_ms is 10"):
        ResponseTime(name="r", service_ms=10, limit_ms=10)
    with pytest.raises(ValidationError, match=r"95 % percentile is 29\.9573 ms"):
        ResponseTime(name="r", service_ms=10, limit_ms=29, queue="mmc", percentile=95)
    with pytest.raises(ValidationError, match="percentiles are known of queue: mmc"):
        ResponseTime(name="r", service_ms=10, limit_ms=40, percentile=95)
