"""Loss stages and the roll-up of rack power to the feeds."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import make_twin

from optimiser.twin.pieces import fit_pieces, sample_grid
from optimiser.twin.power_chain import (
    rack_shares,
    read_chain,
    roll_up,
    stage_input_w,
    stage_loss_w,
    transformer_fractions,
)

STAGES = {
    "ups legacy": ((0.040, 0.050, 0.0), {10: 0.690, 25: 0.826, 50: 0.885, 75: 0.906, 100: 0.917}),
    "ups modern": ((0.008, 0.012, 0.016), {10: 0.914, 25: 0.954, 50: 0.965, 75: 0.967, 100: 0.965}),
    "ups eco": ((0.005, 0.003, 0.002), {10: 0.950, 25: 0.977, 50: 0.986, 75: 0.989, 100: 0.990}),
    "pdu": ((0.015, 0.0, 0.015), {25: 0.940, 50: 0.964, 100: 0.971}),
    "busway": ((0.002, 0.0, 0.005), {100: 0.993}),
}


@pytest.mark.parametrize("name", STAGES)
def test_published_efficiencies(name) -> None:
    """Each stage reaches the efficiencies of its source at each load."""
    (a, b, c), points = STAGES[name]
    for percent, efficiency in points.items():
        output = np.array(percent * 10.0)
        found = output / stage_input_w(output, 1000.0, a, b, c)
        assert found == pytest.approx(efficiency, abs=6e-4)


@pytest.mark.parametrize(
    ("efficiency", "load"), [(0.9860, 0.35), (0.9928, 0.35), (0.9943, 0.5), (0.9953, 0.5)]
)
def test_transformer_has_its_rated_efficiency_where_losses_are_equal(efficiency, load) -> None:
    """At x* the efficiency is the rated one, no-load equals load loss, and it is the best."""
    a, c = transformer_fractions(efficiency, load)
    assert a == pytest.approx(c * load**2)
    loads = np.linspace(0.05, 1.0, 400)
    eta = loads / stage_input_w(loads, 1.0, a, 0.0, c)
    assert load / stage_input_w(np.array(load), 1.0, a, 0.0, c) == pytest.approx(efficiency)
    assert eta.max() <= efficiency + 1e-9


def test_stage_loss_is_convex_rising_and_scales() -> None:
    """Losses bend upwards, and twice the rating at twice the load loses twice as much."""
    output = np.linspace(0, 1000, 101)
    loss = stage_loss_w(output, 1000.0, 0.008, 0.012, 0.016)
    assert np.all(np.diff(loss, 2) > 0) and np.all(np.diff(loss) > 0)
    np.testing.assert_allclose(stage_loss_w(2 * output, 2000.0, 0.008, 0.012, 0.016), 2 * loss)


@pytest.mark.parametrize(("segments", "chord_error"), [(1, 0.0040), (2, 0.0010), (3, 0.00045)])
def test_few_segments_represent_a_ups(segments, chord_error) -> None:
    """Chords miss the UPS curve by 0.4, 0.1 and 0.05 % of rating; moved chords by half that."""
    x = sample_grid(np.array([0.0]), np.array([1000.0]), segments)
    pieces = fit_pieces(x, stage_input_w(x, 1000.0, 0.008, 0.012, 0.016), segments)
    assert 2 * pieces.error[0] / 1000 == pytest.approx(chord_error, rel=0.05)


def test_sides_share_the_load() -> None:
    """Two sides carry half each, one side carries all, none means straight from the grid."""
    shares = rack_shares(np.array([0, 0, -1, -1]), np.array([1, -1, 1, -1]), 2).toarray()
    np.testing.assert_allclose(shares, [[0.5, 1, 0, 0], [0.5, 0, 1, 0]])


def test_one_rack_by_hand() -> None:
    """10 kW over one PDU, one UPS and one transformer, by the stage formula three times."""
    twin = make_twin(racks=1, hosts_per_rack=20, zones=0)
    chain = read_chain(twin)
    loads = roll_up(chain, np.array([[10_000.0]]))
    rating = float(twin["pdu_nominal_w"][0])
    each = 5_000.0 + 0.015 * rating + 0.015 * 5_000.0**2 / rating
    np.testing.assert_allclose(loads.pdu_input_w, each)
    rating = float(twin["ups_nominal_w"][0])
    ups = each + 0.008 * rating + 0.012 * each + 0.016 * each**2 / rating
    np.testing.assert_allclose(loads.ups_input_w, ups)
    np.testing.assert_allclose(loads.feed_output_w, ups)
    rating = float(twin["feed_nominal_w"][0])
    feed = ups + 0.0017 * rating + 0.0137 * ups**2 / rating
    assert loads.grid_w[0] == pytest.approx(2 * feed)


def test_roll_up_conserves_power() -> None:
    """What the grid gives is rack power plus every loss, at every time."""
    chain = read_chain(make_twin(racks=6))
    power = np.random.default_rng(2).uniform(1e3, 9e3, (6, 50))
    loads = roll_up(chain, power)
    losses = loads.pdu_loss_w.sum(0) + loads.ups_loss_w.sum(0) + loads.feed_loss_w.sum(0)
    np.testing.assert_allclose(loads.grid_w, power.sum(0) + losses, rtol=1e-12)


def test_site_without_a_chain_draws_rack_power() -> None:
    """Without PDUs, UPS and feeds everything is direct and nothing is lost."""
    chain = read_chain(make_twin(chain=False, zones=0))
    power = np.full((8, 3), 1e3)
    loads = roll_up(chain, power)
    assert loads.pdu_output_w.shape == (0, 3)
    np.testing.assert_allclose(loads.grid_w, 8e3)


def test_feed_without_transformer_has_no_limit_and_no_loss() -> None:
    """An infinite rating with zero coefficients passes power unchanged, not as NaN."""
    twin = make_twin()
    for name in ("feed_rating_w", "feed_nominal_w"):
        twin[name][:] = np.inf
    loads = roll_up(read_chain(twin), np.full((8, 2), 2e3))
    np.testing.assert_array_equal(loads.feed_loss_w, 0.0)


def test_losses_refer_to_the_nominal_rating() -> None:
    """Derating a PDU lowers its limit, not its losses."""
    twin = make_twin()
    power = np.full((8, 2), 2e3)
    before = roll_up(read_chain(twin), power).pdu_loss_w
    twin["pdu_rating_w"] = twin["pdu_rating_w"] * 0.8
    np.testing.assert_array_equal(roll_up(read_chain(twin), power).pdu_loss_w, before)
