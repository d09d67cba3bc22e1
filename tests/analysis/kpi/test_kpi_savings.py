"""Savings: the worked example, acceptance tests, and what is not demonstrated."""

from dataclasses import replace

import numpy as np
import pytest
from analysis.kpi.reference_site import quantity
from hypothesis import given
from hypothesis import strategies as st

from optimiser.analysis.kpi.baseline import Baseline, Fit, degree_days, fit_baseline, fit_of
from optimiser.analysis.kpi.quantity import Quality, missing
from optimiser.analysis.kpi.savings import (
    NonRoutine,
    PredictedSaving,
    energy_performance,
    normalised_saving,
    relative_uncertainty,
    verify_by_regression,
    verify_by_simulation,
)

GOOD = Fit(365, 3, 0.03, 0.0, 0.95, 0.5, "day")
RANGES = {"e_it": (80_000.0, 110_000.0), "cdd": (0.0, 12.0)}
BASELINE = Baseline(3200.0, {"e_it": 1.18, "cdd": 45.0}, GOOD, RANGES, {"e_it": 40.0, "cdd": 9.0})
MONTH = {"e_it": np.full(30, 96_000.0), "cdd": np.full(30, 2.0)}
METERED = quantity("e_dc", 3_310_000.0)


def test_avoided_energy():
    """3200·30 + 1.18·2 880 000 + 45·60 = 3 497 100; less 3 310 000 metered is 187 100 (5.35 %)."""
    before = quantity("e_dc", 3_420_000.0)
    found = verify_by_regression(BASELINE, MONTH, METERED, before=before, t=1.65)
    assert found.adjusted_baseline == pytest.approx(3_497_100)
    assert found.avoided == pytest.approx(187_100)
    assert found.fraction == pytest.approx(0.0535, abs=5e-5)
    assert found.raw == pytest.approx(110_000)
    assert found.uncertainty == pytest.approx(0.37, abs=0.005)
    assert found.half_width == pytest.approx(69_538, abs=1)
    assert found.statement == "demonstrated"
    assert BASELINE.equation() == "kWh = 3200 +1.18·e_it +45·cdd"
    assert energy_performance(found.metered, found.adjusted_baseline) == pytest.approx(
        0.9465, abs=5e-5
    )


def test_students_t_is_taken_at_the_confidence():
    """At 90 % and 362 degrees of freedom t is 1.649; at 95 % the interval is wider."""
    ninety = relative_uncertainty(GOOD, 0.0535, 30)
    assert ninety == pytest.approx(relative_uncertainty(GOOD, 0.0535, 30, t=1.649), rel=1e-3)
    assert relative_uncertainty(GOOD, 0.0535, 30, confidence=0.95) > ninety
    assert relative_uncertainty(GOOD, 0.0, 30) is None
    with pytest.raises(ValueError, match="confidence"):
        relative_uncertainty(GOOD, 0.1, 30, confidence=1.0)


def test_more_than_half_uncertain_is_not_demonstrated():
    """A saving of 2 % under the same model is uncertain by almost all of itself."""
    found = verify_by_regression(BASELINE, MONTH, quantity("e_dc", 3_430_000.0))
    assert found.uncertainty > 0.5
    assert found.statement.startswith("not demonstrated: the uncertainty of")
    worse = verify_by_regression(BASELINE, MONTH, quantity("e_dc", 3_600_000.0))
    assert worse.avoided < 0
    assert "no less energy" in worse.statement


@pytest.mark.parametrize(
    ("change", "words"),
    [({"cv_rmse": 0.151}, "CV(RMSE) 15.1 %"), ({"nmbe": -0.051}, "|NMBE| 5.1 %"),
     ({"num": 364}, "less than 12 months")],
)  # fmt: skip
def test_model_that_is_not_accepted(change, words):
    """Each acceptance test alone stands against the saving; its own limit is still accepted."""
    assert GOOD.failures() == []
    assert replace(GOOD, cv_rmse=0.15, nmbe=-0.05).failures() == []
    assert replace(GOOD, cv_rmse=0.30, nmbe=0.10, num=8760, resolution="hour").failures() == []
    model = replace(BASELINE, fit=replace(GOOD, **change))
    found = verify_by_regression(model, MONTH, METERED)
    assert words in found.statement


def test_non_routine_adjustments():
    """A new hall of 50 000 kWh raises the baseline; untold, the changed area stands against it."""
    model = replace(BASELINE, static_factors=(("floor_area", "4000 m2"),))
    now = [("floor_area", "5000 m2")]
    untold = verify_by_regression(model, MONTH, METERED, static_factors=now)
    assert "floor_area was 4000 m2 and is 5000 m2" in untold.statement
    hall = NonRoutine("floor_area", 50_000.0, "new hall, metered apart")
    told = verify_by_regression(model, MONTH, METERED, [hall], static_factors=now)
    assert told.statement == "demonstrated"
    assert told.adjusted_baseline == pytest.approx(3_547_100)
    assert told.routine == pytest.approx(3_497_100)


def test_conditions_outside_of_the_baseline_are_flagged():
    """Warmer days than any of the baseline are an extrapolation."""
    warm = {**MONTH, "cdd": np.full(30, 13.0)}
    found = verify_by_regression(BASELINE, warm, METERED)
    assert [flag.code for flag in found.flags] == ["EXTRAPOLATED"]
    weak = replace(BASELINE, fit=replace(GOOD, r2=0.5), t_values={"e_it": 40.0, "cdd": 1.0})
    codes = [flag.code for flag in verify_by_regression(weak, MONTH, METERED).flags]
    assert codes == ["LOW_R2", "WEAK_VARIABLE"]


def test_predicted_and_verified_stay_apart():
    """Modelled energy verifies nothing, and metered energy predicts nothing."""
    modelled = quantity("e_dc", 3_310_000.0, quality=Quality.MODELLED)
    with pytest.raises(ValueError, match="stay predictions"):
        verify_by_regression(BASELINE, MONTH, modelled)
    with pytest.raises(ValueError, match="was measured"):
        PredictedSaving(METERED, modelled)
    plan = quantity("e", 98.0, quality=Quality.FORECAST)
    predicted = PredictedSaving(quantity("e", 100.0, quality=Quality.MODELLED), plan, gap=0.03)
    assert predicted.kwh == 2.0
    assert predicted.is_within_gap is True
    assert replace(predicted, gap=0.01).is_within_gap is False
    assert replace(predicted, gap=None).is_within_gap is None
    with pytest.raises(ValueError, match="missing"):
        verify_by_regression(BASELINE, MONTH, missing("e_dc", "kWh"))


def test_calibrated_simulation():
    """Option D: the twin's baseline of 3 497 100 kWh against 3 310 000 metered."""
    simulated = np.full(30, 3_497_100 / 30)
    found = verify_by_simulation(GOOD, simulated, METERED, t=1.65)
    assert (found.option, found.statement) == ("D", "demonstrated")
    assert found.flags == ()
    poor = verify_by_simulation(replace(GOOD, r2=0.5), simulated, METERED)
    assert [flag.code for flag in poor.flags] == ["LOW_R2"]
    assert found.avoided == pytest.approx(187_100)
    factors = ({"area": "1"}, {"area": "2"})
    changed = verify_by_simulation(GOOD, simulated, METERED, static_factors=factors)
    assert "area was 1 and is 2" in changed.statement
    biased = replace(GOOD, nmbe=0.06)
    assert "NMBE" in verify_by_simulation(biased, simulated, METERED).statement
    with pytest.raises(ValueError, match="gaps"):
        verify_by_simulation(GOOD, np.array([1.0, np.nan]), METERED)


def test_fit_by_hand():
    """Metered 10, 12, 14 and modelled 11, 12, 13, one parameter: RMSE 1, CV 1/12, no bias."""
    found = fit_of(np.array([10.0, 12.0, 14.0]), np.array([11.0, 12.0, 13.0]), 1, "month")
    assert (found.cv_rmse, found.nmbe) == pytest.approx((1 / 12, 0.0))
    assert found.r2 == pytest.approx(1 - 2 / 8)
    # residuals -1, 0, 1: neighbours give 0
    assert found.autocorrelation == pytest.approx(0.0)
    with pytest.raises(ValueError, match="too few"):
        fit_of(np.ones(2), np.ones(2), 2, "day")
    with pytest.raises(ValueError, match="not positive"):
        fit_of(np.zeros(5), np.zeros(5), 1, "day")


def _year(seed: int, noise: float = 0.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    variables = {"e_it": rng.uniform(9e4, 1e5, 365), "cdd": rng.uniform(0, 12, 365)}
    energy = 3200 + 1.18 * variables["e_it"] + 45 * variables["cdd"]
    return energy + noise * rng.standard_normal(365), variables


@given(st.integers(0, 10_000))
def test_regression_finds_the_model_that_made_the_data(seed):
    """Without noise the factors come back; R² is 1 and nothing fails."""
    energy, variables = _year(seed)
    found = fit_baseline(energy, variables, "day")
    assert found.constant == pytest.approx(3200, rel=1e-6)
    assert found.slopes == pytest.approx({"e_it": 1.18, "cdd": 45.0}, rel=1e-7)
    assert found.fit.failures() == []
    assert found.fit.r2 == pytest.approx(1.0)


def test_noise_is_seen_in_the_fit():
    """Noise of 1 000 kWh on some 115 000: CV of about 0.9 %; the variables are strong."""
    energy, variables = _year(1, noise=1000.0)
    found = fit_baseline(energy, variables, "day")
    assert found.fit.cv_rmse == pytest.approx(1000 / energy.mean(), rel=0.1)
    assert abs(found.fit.nmbe) < 1e-9
    assert abs(found.fit.autocorrelation) < 0.15
    table = np.column_stack([np.ones(365), *variables.values()])
    factors = np.linalg.pinv(table) @ energy
    assert list(found.slopes.values()) == pytest.approx(factors[1:])
    variance = float(((energy - table @ factors) ** 2).sum()) / (365 - 3)
    error = np.sqrt(variance * np.diag(np.linalg.pinv(table.T @ table)))
    assert list(found.t_values.values()) == pytest.approx((factors / error)[1:], rel=1e-4)


def test_gaps_are_left_out_and_counted():
    """Ten days without energy: ten intervals less, which is less than a year."""
    energy, variables = _year(2)
    energy[:10] = np.nan
    found = fit_baseline(energy, variables, "day")
    assert (found.fit.num, found.fit.num_left_out) == (355, 10)
    assert "less than 12 months" in found.fit.failures()[0]


def test_variables_that_say_nothing():
    """Constant, dependent, unequal or too few: refused by name."""
    energy, variables = _year(3)
    with pytest.raises(ValueError, match="constant in the baseline period: area"):
        fit_baseline(energy, {**variables, "area": np.ones(365)}, "day")
    with pytest.raises(ValueError, match="depend on each other"):
        fit_baseline(energy, {**variables, "twice": 2 * variables["cdd"]}, "day")
    with pytest.raises(ValueError, match="other intervals than the energy: cdd"):
        fit_baseline(energy, {**variables, "cdd": np.ones(3)}, "day")
    with pytest.raises(ValueError, match="too few"):
        fit_baseline(energy[:3], {k: v[:3] for k, v in variables.items()}, "day")
    with pytest.raises(ValueError, match="needs cdd"):
        BASELINE.energy({"e_it": np.ones(3)})
    with pytest.raises(ValueError, match="has a gap"):
        verify_by_regression(BASELINE, {**MONTH, "cdd": np.full(30, np.nan)}, METERED)


def test_normalised_saving_and_degree_days():
    """Two models at the same conditions: 0.02 kWh/kWh of 2 880 000; degree days above 18 °C."""
    after = replace(BASELINE, slopes={"e_it": 1.16, "cdd": 45.0})
    assert normalised_saving(BASELINE, after, MONTH) == pytest.approx(57_600)
    days = np.ones(3)
    cooling = degree_days(np.array([10.0, 18.0, 25.0]), 18.0, "cooling", days)
    heating = degree_days(np.array([10.0, 18.0, 25.0]), 18.0, "heating", days)
    assert cooling.tolist() == [0.0, 0.0, 7.0]
    assert heating.tolist() == [8.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="expects no energy"):
        energy_performance(1.0, 0.0)
