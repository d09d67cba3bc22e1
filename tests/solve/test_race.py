"""Short coolings of every style, then a long one of the style that came furthest."""

from __future__ import annotations

import pytest

from optimiser.solve.race import RACE, Cooling, Race
from optimiser.solve.walker import Style

STYLES = tuple(Style(ejects, by_size) for by_size in (False, True) for ejects in (False, True))


def test_every_style_has_a_lap_of_its_own():
    race = Race(STYLES, tracks=2)
    laps = {race.cooling(track, spent, {}) for track in (0, 1) for spent in (0.0, 0.09, 0.11, 0.19)}
    assert {lap.style for lap in laps} == set(STYLES)
    assert len(laps) == 4
    assert all(lap.end - lap.start == pytest.approx(RACE / 2) for lap in laps)


def test_the_best_lap_decides_and_later_coolings_do_not():
    race = Race(STYLES, tracks=2)
    laps = [race.cooling(track, spent, {}) for spent in (0.0, 0.15) for track in (0, 1)]
    standing = dict(zip(laps, (5.0, 3.0, 4.0, 9.0), strict=True))
    long = race.cooling(0, RACE, standing)
    assert long.style == laps[1].style
    later = {**standing, Cooling(RACE, 1.0, STYLES[3]): 0.0}
    assert {race.cooling(track, 0.7, later) for track in (0, 1)} == {long}


def test_a_cooling_tells_what_is_left_of_it():
    cooling = Cooling(0.2, 1.0, Style())
    assert [cooling.left(spent) for spent in (0.0, 0.2, 0.6, 1.0)] == pytest.approx([1, 1, 0.5, 0])
