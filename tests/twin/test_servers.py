"""Server power: curves, power supplies and accelerators."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import MODERN_W, SPEC_CURVES_W

from optimiser.schema.equipment import PsuCard, ServerCard
from optimiser.twin.servers import (
    ac_curve,
    gpu_span_w,
    host_power_w,
    interpolate_curve_w,
    psu_input_w,
)

TITANIUM = PsuCard(
    name="titanium", rating_w=800, efficiency={0.1: 0.90, 0.2: 0.94, 0.5: 0.96, 1.0: 0.91}
)


def _card(**changes: object) -> ServerCard:
    return ServerCard.model_validate({"name": "server", "curve_w": MODERN_W, **changes})


@pytest.mark.parametrize("name", SPEC_CURVES_W)
def test_each_published_point_is_returned_exactly(name: str) -> None:
    """At 0, 10 … 100 % load the power is the published point, and half-way it is the mean."""
    curve = np.array([SPEC_CURVES_W[name]], dtype=float)
    load = np.arange(11) / 10
    kind = np.zeros(11, dtype=int)
    np.testing.assert_allclose(interpolate_curve_w(curve, kind, load), curve[0], rtol=1e-12)
    middle = interpolate_curve_w(curve, kind[:10], load[:10] + 0.05)
    np.testing.assert_allclose(middle, (curve[0, 1:] + curve[0, :-1]) / 2, rtol=1e-12)


def test_power_rises_with_load_and_stops_at_full_load() -> None:
    """Power never falls with load; more demand than the host has draws what full load draws."""
    load = np.linspace(0, 1.3, 200)
    power = interpolate_curve_w(np.array([MODERN_W], float), np.zeros(200, int), load)
    assert np.all(np.diff(power) >= 0)
    assert power[-1] == MODERN_W[-1]


def test_hosts_and_times_are_looked_up_together() -> None:
    """A (host, time) table uses each host's own curve."""
    curves = np.array(list(SPEC_CURVES_W.values()), dtype=float)
    kind = np.array([3, 0, 11])
    load = np.array([[0.0, 0.5], [1.0, 0.25], [0.1, 0.95]])
    found = interpolate_curve_w(curves, kind, load)
    expected = [
        [np.interp(u * 10, np.arange(11), curves[k]) for u in row]
        for k, row in zip(kind, load, strict=True)
    ]
    np.testing.assert_allclose(found, expected)


def test_straight_line_is_far_off_on_a_current_server() -> None:
    """The idle-to-peak line overstates the DL380 Gen10+ at 80 % load by 9.1 % of peak."""
    curve = SPEC_CURVES_W["HPE DL380 Gen10+"]
    line = curve[0] + 0.8 * (curve[10] - curve[0])  # 127 + 0.8 · 492 = 520.6 W
    true = interpolate_curve_w(np.array([curve], float), np.array([0]), np.array([0.8]))[0]
    assert (line - true) / curve[10] == pytest.approx(0.0914, abs=1e-4)  # (520.6 − 464)/619


def test_psu_meets_its_certificate_points() -> None:
    """Input is output over efficiency at each certified load."""
    for load, efficiency in TITANIUM.efficiency.items():
        output = np.array(load * TITANIUM.rating_w)
        assert output / psu_input_w(output, TITANIUM) == pytest.approx(efficiency)


def test_psu_loss_does_not_vanish_at_no_load() -> None:
    """Below 10 % load the loss stays what it is there: 80 W / 0.9 − 80 W = 8.9 W."""
    loss = psu_input_w(np.array([0.0, 20.0, 80.0]), TITANIUM) - [0.0, 20.0, 80.0]
    np.testing.assert_allclose(loss, 80 / 0.9 - 80)


def test_psu_input_rises_and_sharing_keeps_the_scale() -> None:
    """Input rises with output, and twice the supplies at twice the output draw twice as much."""
    output = np.linspace(0, 900, 500)
    single = psu_input_w(output, TITANIUM)
    assert np.all(np.diff(single) > 0)
    np.testing.assert_allclose(psu_input_w(2 * output, TITANIUM, 2), 2 * single)


def test_dc_curve_passes_through_the_supplies() -> None:
    """A DC curve ends above itself by the loss; an AC curve is left alone."""
    dc = _card(power_basis="dc_output", psu="titanium", psu_count=2)
    converted = ac_curve(dc, TITANIUM)
    np.testing.assert_allclose(converted, psu_input_w(np.array(MODERN_W, float), TITANIUM, 2))
    np.testing.assert_array_equal(ac_curve(_card(), None), MODERN_W)
    with pytest.raises(ValueError, match="dc_output"):
        ac_curve(dc, None)


def test_idle_scale_shifts_the_curve_by_the_extra_idle_power() -> None:
    """A fleet that idles 20 % higher draws 0.2 · 108 W more at every load."""
    shifted = ac_curve(_card(idle_scale=1.2), None)
    np.testing.assert_allclose(shifted - np.array(MODERN_W), 0.2 * 108)


def test_gpus_add_idle_power_and_a_span() -> None:
    """Selene-like: eight modules of 88 to 400 W add 704 W idle and 2,496 W when fully used."""
    gpus = {"model": "A100", "count": 8, "idle_w": 88, "max_w": 400}
    card = _card(gpus=gpus)
    curve = ac_curve(card, None)
    assert curve[0] - MODERN_W[0] == pytest.approx(8 * 88)
    span = gpu_span_w(card, None)
    assert span == pytest.approx(8 * 312)
    power = host_power_w(
        curve[None, :],
        np.array([0, 0]),
        np.array([0.0, 1.0]),
        gpu_span_w=np.array([span]),
        gpu_utilisation=np.array([0.5, 1.0]),
    )
    np.testing.assert_allclose(power, [108 + 704 + 1248, 455 + 704 + 2496])


def test_gpu_span_of_a_dc_server_includes_conversion() -> None:
    """With a DC basis the span grows by the loss of the supplies."""
    gpus = {"model": "T4", "count": 2, "idle_w": 10, "max_w": 70}
    card = _card(gpus=gpus, power_basis="dc_output", psu="titanium")
    assert gpu_span_w(card, TITANIUM) > 2 * 60
    assert gpu_span_w(_card(), TITANIUM) == 0.0
