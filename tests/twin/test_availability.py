"""Availability against worked numbers, a second way of counting, and every way to share domains."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from optimiser.analysis.availability import _down
from optimiser.library.reliability import load_components
from optimiser.twin.availability import (
    MINUTES_PER_YEAR,
    Figures,
    down_parts,
    has_few_shapes,
    in_series,
    least_ways,
    service_down,
    shape_limits,
    shapes,
    too_few_up,
    unavailability,
)

PERFECT = 0.0


def down_of(*names: str) -> float:
    """Return the unavailability of components of the library in series."""
    known = load_components()
    return in_series([unavailability(known[n].failures_per_year, known[n].repair_h) for n in names])


def test_a_path_and_two_paths():
    """Switchgear, UPS, PDU and breaker: 35.54 min a year; twice 0.0024, with β = 5 % 1.779."""
    path = down_of("switchgear", "ups", "pdu", "breaker_open")
    assert path * MINUTES_PER_YEAR == pytest.approx(35.54, abs=0.01)
    twice = service_down((1, 1), 1, Figures(path, PERFECT, 0.0))
    assert twice * MINUTES_PER_YEAR == pytest.approx(0.0024, abs=5e-5)
    shared = service_down((1, 1), 1, Figures(path, PERFECT, 0.05))
    assert shared * MINUTES_PER_YEAR == pytest.approx(1.779, abs=0.001)


def test_k_of_n():
    """Three of four UPS modules, three of three, and four of five chillers."""
    assert 1.0 - too_few_up(4, 3, 1 - 0.999984) == pytest.approx(0.9999999985, abs=1e-10)
    assert 1.0 - too_few_up(3, 3, 1 - 0.999984) == pytest.approx(0.999952, abs=1e-9)
    assert 1.0 - too_few_up(5, 4, 1 - 0.99918) == pytest.approx(0.9999933, abs=5e-8)


def test_two_servers():
    """Both needed 0.999545 or so, either 0.99999995, before common cause."""
    server = 1 - 0.999773
    assert 1 - too_few_up(2, 2, server) == pytest.approx(0.999545, abs=2e-6)
    assert 1 - too_few_up(2, 1, server) == pytest.approx(0.99999995, abs=1e-8)


def every_state(counts: tuple[int, ...], needed: int, figures: Figures) -> float:
    """Return the chance of being down by adding up every state of domains and servers."""
    together = figures.common * figures.domain
    alone = figures.domain - together
    total = 0.0
    for domains in itertools.product((True, False), repeat=len(counts)):
        chance = math.prod(1 - alone if up else alone for up in domains)
        servers = [up for count, up in zip(counts, domains, strict=True) for _ in range(count)]
        for own in itertools.product((True, False), repeat=len(servers)):
            if sum(a and b for a, b in zip(servers, own, strict=True)) < needed:
                total += chance * math.prod(
                    1 - figures.server if up else figures.server for up in own
                )
    return together + (1 - together) * total


@pytest.mark.parametrize("counts", [(1,), (2, 1), (3, 2, 1), (1, 1, 1, 1), (4, 2), (2, 2, 2)])
@pytest.mark.parametrize("needed", [1, 2, 3])
def test_all_three_ways_of_counting_agree(counts: tuple[int, ...], needed: int):
    """Convolution, the checker's grouping and the sum over every state."""
    figures = Figures(0.03, 0.02, 0.1)
    expected = every_state(counts, needed, figures)
    assert service_down(counts, needed, figures) == pytest.approx(expected, rel=1e-12)
    assert _down(np.array(counts), needed, figures) == pytest.approx(expected, rel=1e-12)


def test_shapes_are_all_partitions():
    """p(5) = 7 partitions, 5 of them into at most three parts."""
    assert len(list(shapes(5, 5))) == 7
    assert len(list(shapes(5, 3))) == 5
    assert all(sum(shape) == 5 for shape in shapes(5, 3))


def test_the_fewest_replicas_that_meet_a_target_are_those_of_all_shapes():
    """Some may wait: the least number over all ways with a good enough chance, none if all run."""
    figures, allowed = Figures(0.02, 0.005, 0.05), down_parts(1 - 0.97)
    for number, needed in ((3, 1), (4, 2), (5, 3)):
        limits = shape_limits(number, 3, needed, figures, allowed, True)
        good = [
            count
            for count in range(number + 1)
            for shape in shapes(count, 3)
            if down_parts(service_down(shape, needed, figures)) <= allowed
        ]
        assert limits.fewest == min(good) >= needed
        assert shape_limits(number, 3, needed, figures, allowed).fewest == 0
    assert shape_limits(400, 3, 7, figures, allowed, True).fewest == 7


CASES = [
    (number, domains, needed, target)
    for number in (1, 2, 3, 5, 7)
    for domains in (1, 2, 4)
    for needed in range(1, number + 1)
    for target in (0.9, 0.97, 0.99, 0.999)
]


@pytest.mark.parametrize(("number", "domains", "needed", "target"), CASES)
def test_limits_hold_for_good_shapes_and_strict_ones_are_enough(
    number: int, domains: int, needed: int, target: float
):
    """The model leaves no good placement out; what the search may do is always good."""
    figures, allowed = Figures(0.02, 0.005, 0.05), down_parts(1 - target)
    limits = shape_limits(number, domains, needed, figures, allowed)
    every = list(shapes(number, min(domains, number)))
    good = [s for s in every if down_parts(service_down(s, needed, figures)) <= allowed]
    assert limits.is_possible == bool(good)
    for shape in good:
        assert len(shape) <= limits.most
        assert all(sum(shape[: j + 1]) <= most for j, most in enumerate(limits.fullest))
    if limits.strict is not None:
        most_in, least, most = limits.strict
        inside = [s for s in every if s[0] <= most_in and least <= len(s) <= most]
        assert inside
        assert set(inside) <= set(good)


def within(way: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Return whether as many domains hold as much as a way asks."""
    return len(way) <= len(shape) and all(a <= b for a, b in zip(way, shape, strict=False))


@pytest.mark.parametrize(("number", "domains", "needed", "target"), CASES)
@pytest.mark.parametrize("may_miss", [False, True])
def test_the_best_way_within_reach_misses_what_the_shape_misses(
    number: int, domains: int, needed: int, target: float, may_miss: bool
):
    """The ways judge every shape exactly, and none of them is there in vain."""
    figures, allowed = Figures(0.02, 0.005, 0.05), down_parts(1 - target)
    ways = least_ways(number, domains, needed, figures, allowed, may_miss)
    assert ways is not None
    for count in range(0 if may_miss else number, number + 1):
        for shape in shapes(count, min(domains, number)):
            missing = max(0, down_parts(service_down(shape, needed, figures)) - allowed)
            assert min(way.missing for way in ways if within(way.shape, shape)) == missing
    for one, other in itertools.permutations(ways, 2):
        assert not within(one.shape, other.shape) or one.missing > other.missing


@pytest.mark.parametrize(("number", "domains", "needed", "target"), CASES)
@pytest.mark.parametrize("may_miss", [False, True])
def test_exact_limits_admit_good_shapes_only(
    number: int, domains: int, needed: int, target: float, may_miss: bool
):
    """Where limits are told to be exact, whatever keeps them is available enough."""
    figures, allowed = Figures(0.02, 0.005, 0.05), down_parts(1 - target)
    limits = shape_limits(number, domains, needed, figures, allowed, may_miss)
    bad = [
        shape
        for count in range(limits.fewest if may_miss else number, number + 1)
        for shape in shapes(count, min(domains, number))
        if len(shape) <= limits.most
        and all(sum(shape[: j + 1]) <= most for j, most in enumerate(limits.fullest))
        and down_parts(service_down(shape, needed, figures)) > allowed
    ]
    assert limits.is_exact == (limits.is_possible and not bad)


def test_ways_are_looked_at_as_long_as_they_are_few():
    """p(0) + … + p(16) = 915 ways of up to 16 replicas, 992 of up to 61 in two domains."""
    assert sum(len(list(shapes(count, 16))) for count in range(17)) == 915
    assert sum(len(list(shapes(count, 2))) for count in range(62)) == 992
    assert [has_few_shapes(16, 16), has_few_shapes(17, 17)] == [True, False]
    assert [has_few_shapes(61, 2), has_few_shapes(62, 2)] == [True, False]
    assert least_ways(62, 2, 1, Figures(0.02, 0.0, 0.0), 0) is None


def test_many_replicas_have_limits_that_leave_no_good_shape_out():
    """Beyond what is enumerated, the limit for one domain still follows from its loss."""
    figures = Figures(0.02, 0.0, 0.0)
    limits = shape_limits(40, 3, 30, figures, down_parts(1e-3))
    assert limits.fullest[0] == 10  # the loss of a domain with 11 would leave 29
    assert not limits.is_possible  # and three domains of 10 are too few for 40
    assert shape_limits(40, 4, 30, figures, down_parts(1e-2)).is_possible


def test_the_library_says_where_its_figures_come_from():
    """Every row has a source, and limits enclose the rate."""
    for component in load_components().values():
        assert component.source
        if component.low is not None and component.high is not None:
            assert component.low <= component.failures_per_year <= component.high
