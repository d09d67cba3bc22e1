"""Identities between indicators, on generated components."""

from __future__ import annotations

from dataclasses import replace

import pytest
from analysis.kpi.reference_site import YEAR, quantity
from hypothesis import assume, given
from hypothesis import strategies as st

from optimiser.analysis.kpi.emissions import carbon_effectiveness
from optimiser.analysis.kpi.energy import energy_terms, pue
from optimiser.analysis.kpi.quantity import Quality, Quantity, Ratio, Term, total
from optimiser.analysis.kpi.ratio import Window, divide
from optimiser.analysis.kpi.reuse import (
    onsite_renewable,
    renewable_factor,
    reuse_effectiveness,
    reuse_factor,
)
from optimiser.analysis.kpi.spread import gum, monte_carlo, worst_case

amounts = st.floats(min_value=1e3, max_value=1e9)
shares = st.floats(min_value=0.0, max_value=1.0)
accuracies = st.floats(min_value=0.0, max_value=0.2)
FEEDS = ("e_grid", "e_onsite", "e_generator", "e_district")


@st.composite
def facilities(draw: st.DrawFn) -> dict[str, Quantity]:
    """Return components of a possible site: IT uses part of what comes in."""
    feeds = draw(st.lists(st.sampled_from(FEEDS), min_size=1, unique=True))
    parts = {
        name: quantity(name, draw(amounts), relative=draw(accuracies), quality=draw(qualities))
        for name in feeds
    }
    comes_in = sum(part.value or 0.0 for part in parts.values())
    share = draw(st.floats(min_value=0.1, max_value=1.0))
    it = quantity("e_it_ups", comes_in * share, relative=draw(accuracies))
    parts["e_it_ups"] = it
    parts["e_reuse"] = quantity("e_reuse", comes_in * draw(shares), relative=draw(accuracies))
    return parts


qualities = st.sampled_from(list(Quality))


@given(facilities())
def test_ere_is_pue_without_what_is_reused(parts: dict[str, Quantity]) -> None:
    """ERE = (1 − ERF) · PUE."""
    found = reuse_effectiveness(parts["e_reuse"], parts, YEAR)
    erf, ratio = reuse_factor(parts["e_reuse"], parts, YEAR), pue(parts, YEAR)
    assume(found.raw is not None and erf.value is not None)
    assert found.raw == pytest.approx((1 - erf.value) * ratio.raw, rel=1e-12, abs=1e-12)


@given(facilities(), st.floats(min_value=0.001, max_value=2.0))
def test_cue_is_the_grid_factor_times_pue(parts: dict[str, Quantity], factor: float) -> None:
    """CUE = CEF · PUE when all energy is electricity of the grid."""
    electric = {
        "e_grid": parts.get("e_grid", quantity("e_grid", 1e9)),
        "e_it_ups": parts["e_it_ups"],
    }
    emissions = [Term(electric["e_grid"], factor=quantity("ef", factor, "kgCO2e/kWh"))]
    found = carbon_effectiveness(emissions, electric, YEAR)
    assert found.raw == pytest.approx(factor * pue(electric, YEAR).raw, rel=1e-12)


@given(facilities(), st.floats(min_value=1e-3, max_value=1e3))
def test_scaling_all_energies_changes_no_ratio(parts: dict[str, Quantity], factor: float) -> None:
    """Twice the site has the same figures."""
    scaled = {name: part.scaled(factor) for name, part in parts.items()}
    assert pue(scaled, YEAR).raw == pytest.approx(pue(parts, YEAR).raw, rel=1e-12)
    found = reuse_factor(scaled["e_reuse"], scaled, YEAR).raw
    assert found == pytest.approx(reuse_factor(parts["e_reuse"], parts, YEAR).raw, rel=1e-12)


@given(facilities(), st.lists(amounts, min_size=2, max_size=12))
def test_splitting_a_period_changes_no_total(parts: dict[str, Quantity], cuts: list[float]) -> None:
    """The sum over the parts of a year gives the figure of the year."""
    whole = sum(cuts)
    split = {
        name: total(name, [part.scaled(cut / whole) for cut in cuts], "kWh")
        for name, part in parts.items()
    }
    assert pue(split, YEAR).raw == pytest.approx(pue(parts, YEAR).raw, rel=1e-12)
    assert pue(split, YEAR).quality == pue(parts, YEAR).quality


@given(facilities(), st.randoms())
def test_the_order_of_components_changes_nothing(parts: dict[str, Quantity], random) -> None:
    """Bytes stay the same whichever row stands first."""
    names = list(parts)
    random.shuffle(names)
    shuffled = {name: parts[name] for name in names}
    assert pue(shuffled, YEAR) == pue(parts, YEAR)
    several = [parts[name] for name in names]
    ordered = [parts[name] for name in parts]
    assert total("e", several, "kWh").value == total("e", ordered, "kWh").value


@given(facilities(), shares, amounts)
def test_renewable_factor_stays_within_one(
    parts: dict[str, Quantity], share: float, more: float
) -> None:
    """REF is at most 1, and export of own generation changes neither it nor PUE."""
    bought = quantity("e_goo", more)
    found = renewable_factor([bought, *onsite_renewable(parts)], parts, YEAR)
    assert 0.0 <= found.value <= 1.0
    onsite = parts.get("e_onsite", quantity("e_onsite", 0.0))
    exported = {
        **parts,
        "e_onsite": replace(onsite, value=onsite.value + more, lower=None, upper=None),
        "e_export": quantity("e_export", more),
    }
    assert pue(exported, YEAR).raw == pytest.approx(pue(parts, YEAR).raw, rel=1e-9, abs=1e-6)
    again = renewable_factor([bought, *onsite_renewable(exported)], exported, YEAR)
    assert again.raw == pytest.approx(found.raw, rel=1e-9, abs=1e-6)


@given(facilities(), st.lists(shares, min_size=6, max_size=6))
def test_worst_case_holds_every_point_of_the_box(
    parts: dict[str, Quantity], points: list[float]
) -> None:
    """Whatever the meters truly read, the quotient lies within; the ends are taken by corners."""
    terms = [Term(parts["e_reuse"], -1.0), *energy_terms(parts)]
    below = energy_terms(parts)
    ends = worst_case(terms, below)
    if ends is None:
        return
    leaves = list(dict.fromkeys(term.quantity for term in (*terms, *below)))
    truth = {
        leaf: low + share * (high - low)
        for leaf, share in zip(leaves, points, strict=False)
        for low, high in [leaf.bounds or (0.0, 0.0)]
    }
    above = sum(term.coefficient * truth[term.quantity] for term in terms)
    under = sum(term.coefficient * truth[term.quantity] for term in below)
    slack = 1e-9 * max(1.0, abs(ends[0]), abs(ends[1]))
    assert ends[0] - slack <= above / under <= ends[1] + slack


def _ratio(relative: tuple[float, float], group: str | None) -> Ratio:
    above = quantity("a", 3.0, relative=relative[0], group=group)
    below = quantity("b", 2.0, relative=relative[1], group=group)
    return divide("r", ("a", "kWh", [above]), ("b", "kWh", [below]), "1", Window("w"))


@given(st.tuples(accuracies, accuracies), shares)
def test_declared_correlation_narrows_a_ratio(relative: tuple[float, float], rho: float) -> None:
    """Relative variance of a ratio: u² + v² − 2ρuv; a shared error of equal size cancels."""
    found = gum(_ratio(relative, "lab"), {"lab": rho})
    u, v = relative
    expected = max(0.0, u * u + v * v - 2 * rho * u * v) ** 0.5
    assert (found.upper - found.lower) / 2 / 1.5 == pytest.approx(expected, abs=1e-7)
    equal = gum(_ratio((u, u), "lab"))
    assert equal.upper - equal.lower == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_monte_carlo_agrees_with_propagation(rho: float) -> None:
    """For small errors drawn and propagated intervals are the same within half a per cent."""
    ratio = _ratio((0.03, 0.02), "lab")
    drawn, linear = monte_carlo(ratio, {"lab": rho}, draws=400_000), gum(ratio, {"lab": rho})
    width = linear.upper - linear.lower
    assert drawn.upper - drawn.lower == pytest.approx(width, rel=0.01)


def test_correlations_and_denominators_are_checked() -> None:
    """A correlation of 2 and a denominator that may be zero are refused."""
    with pytest.raises(ValueError, match="group 'lab'"):
        gum(_ratio((0.1, 0.1), "lab"), {"lab": 2.0})
    with pytest.raises(ValueError, match="reaches zero"):
        monte_carlo(_ratio((0.1, 2.0), None))
    assert gum(divide("r", ("a", "kWh", [quantity("a", 1.0)]), ("b", "kWh", [quantity("b", 0.0)]),
                      "1", Window("w"))) is None  # fmt: skip
