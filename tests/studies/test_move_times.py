"""Start, end and energy of moves: bandwidth shared evenly, freeze windows kept free."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.analysis.verdict import Placement
from optimiser.errors import InputError
from optimiser.schema.moving import Moving
from optimiser.studies.move_clock import first_moment
from optimiser.studies.move_freeze import freeze_windows
from optimiser.studies.move_replay import replay
from optimiser.studies.move_times import require_windows, time_moves
from optimiser.studies.moves import order_moves

GIB = 1024  # MiB
DAY_S = 86_400.0


def timed(memory: list[int], target: list[int], **given):
    """Return the order and times of workloads that leave host 1 of four."""
    workloads = [{"cpu": 5, "memory": m, "host": "h1"} for m in memory]
    hosts = [{"memory": 64 * GIB} for _ in range(4)]
    _, twin, rules = tiny(hosts, workloads)
    host = np.array(target, dtype=np.int32)
    plan = Placement(host, np.isin(np.arange(4), host))
    moving = Moving.model_validate({"overhead_s": 0, "copy_factor": 1, **given})
    order, times = time_moves(twin, order_moves(twin, rules, plan, moving=moving), moving)
    assert replay(twin, rules, order, moving) == []
    return order, times


def test_one_move_takes_data_over_bandwidth() -> None:
    """10 GiB are 85.9 Gbit: 8.59 s at 10 Gbit/s, and 1.2 times that with 20 % sent again."""
    _, times = timed([10 * GIB], [1])
    assert times.seconds[0] == pytest.approx(10 * 2**33 / 1e10)
    _, again = timed([10 * GIB], [1], copy_factor=1.2, overhead_s=3)
    assert again.seconds[0] == pytest.approx(12 * 2**33 / 1e10 + 3)


def test_moves_of_one_host_share_its_link() -> None:
    """Two copies out of one host take twice as long each, although they go to different hosts."""
    _, one = timed([10 * GIB], [1])
    _, two = timed([10 * GIB, 10 * GIB], [1, 2])
    assert two.seconds == pytest.approx(2 * np.append(one.seconds, one.seconds))
    assert two.start_s.tolist() == [0.0, 0.0]


def test_a_wave_begins_when_the_slowest_move_of_the_last_has_ended() -> None:
    """One at a time, the second starts when the first has ended."""
    order, times = timed([10 * GIB, 20 * GIB], [1, 2], concurrent=1)
    assert order.num_waves == 2
    assert times.start_s[1] == pytest.approx(times.end_s[0])


def test_a_wave_waits_for_the_end_of_a_freeze_window() -> None:
    """What would reach into the window from 00:00:05 on starts when the window is over."""
    begin = "2026-01-15T07:59:55"
    freeze = [{"start": "08:00", "end": "18:00"}]
    _, times = timed([10 * GIB], [1], begin=begin, freeze=freeze)
    assert times.start_s[0] == pytest.approx(5 + 10 * 3600)
    _, short = timed([GIB], [1], begin=begin, freeze=freeze)
    assert short.start_s[0] == 0.0


def test_a_wave_longer_than_the_time_between_windows_is_split() -> None:
    """Four copies of 60 GiB take 206 s together; with one free minute a day they go one by one."""
    freeze = [{"start": "00:01", "end": "24:00"}]
    order, times = timed([60 * GIB // 4] * 4, [1, 1, 2, 2], freeze=freeze, bandwidth_gbit_s=2.5)
    assert order.num_waves == 4
    assert np.all(np.mod(times.start_s, DAY_S) + times.seconds <= 60.0 + 1e-9)
    assert np.unique(times.start_s // DAY_S).tolist() == [0, 1, 2, 3]


def test_a_workload_that_fits_between_no_windows_is_refused_before_planning() -> None:
    """The error names the workload, its time, the field and what to change."""
    _, twin, _ = tiny(2, [{"memory": 1024 * GIB, "host": "h1"}])
    moving = Moving.model_validate({"freeze": [{"start": "00:01", "end": "24:00"}]})
    with pytest.raises(InputError, match="workload w1 takes 18 min") as error:
        require_windows(twin, moving)
    assert error.value.problems[0].field == "moving.freeze"
    require_windows(twin, Moving())


def test_windows_follow_the_wall_clock_over_a_change_of_the_clock() -> None:
    """In Berlin the night to 29 March 2026 is an hour shorter, to 25 October an hour longer."""
    for day, hours in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-01", 8)):
        window = {"start": "22:00", "end": "06:00", "first_day": day, "last_day": day}
        _, twin, _ = tiny(1, 1)
        twin.attrs["time_zone"] = "Europe/Berlin"
        moving = Moving.model_validate({"begin": f"{day}T00:00:00", "freeze": [window]})
        found = freeze_windows(moving.freeze, first_moment(twin, moving), "Europe/Berlin")
        assert found.tolist() == [[22 * 3600.0, (22 + hours) * 3600.0]]


def test_windows_that_touch_are_one_and_days_are_chosen() -> None:
    """Weekends and the evening before make one window; other days stay free."""
    freeze = [
        {"start": "00:00", "end": "24:00", "days": ["sat", "sun"]},
        {"start": "18:00", "end": "24:00", "days": ["fri"]},
    ]
    _, twin, _ = tiny(1, 1)
    moving = Moving.model_validate({"begin": "2026-01-12T00:00:00", "freeze": freeze})  # a Monday
    found = freeze_windows(moving.freeze, first_moment(twin, moving), "UTC")
    assert found[0].tolist() == [4 * DAY_S + 18 * 3600.0, 7 * DAY_S]
    assert np.diff(found[:, 0]) == pytest.approx(7 * DAY_S)


def test_energy_is_what_is_sent_and_what_runs_twice() -> None:
    """5 % of a host of 100 W span draws 5 W for 8.59 s; 10 GiB at 525 J each come to 5250 J."""
    _, times = timed([10 * GIB], [1])
    joule = 525 * 10 + 5 * 10 * 2**33 / 1e10
    assert times.energy_kwh[0] == pytest.approx(joule / 3.6e6)


def test_what_starts_anew_copies_nothing() -> None:
    """A workload without a source takes the overhead only, and no energy."""
    _, twin, rules = tiny(2, [{"memory": GIB, "host": None}])
    plan = Placement(np.array([1], dtype=np.int32), np.array([False, True]))
    moving = Moving(overhead_s=7)
    _, times = time_moves(twin, order_moves(twin, rules, plan), moving)
    assert (times.seconds[0], times.energy_kwh[0]) == (7.0, 0.0)
