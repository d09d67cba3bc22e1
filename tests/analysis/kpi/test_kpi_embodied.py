"""Embodied carbon: the worked server, booked and amortised, cards with their mistakes."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.analysis.kpi.embodied import (
    Asset,
    Footprint,
    booked_in,
    estimate_server,
    footprint_of,
)
from optimiser.analysis.kpi.quantity import Quality
from optimiser.errors import InputError, UsageError
from optimiser.library.embodied import (
    bottom_up_constants,
    find_embodied,
    load_embodied,
    read_embodied,
)
from optimiser.schema.embodied import Parts

FOOTPRINT = Footprint(678, 1215, 1693, "vendor_lca", "x")


def test_server_from_its_parts():
    """41.92 + 984.64 + 99.77 + 66.10 + 145.31 + 150 + 6.68 = 1 494.4 kgCO2e."""
    found = footprint_of(find_embodied("server-2s-reference"), bottom_up_constants())
    assert found.mid == pytest.approx(1494.4, abs=0.05)
    assert (found.low, found.high) == (found.mid, found.mid)
    assert dict(found.status)["die_mm2"] == "INPUT"


def test_what_is_not_known_has_a_range():
    """Defaults widen the figure and say so; blades have a share of their enclosure."""
    constants = bottom_up_constants()
    found = footprint_of(find_embodied("server-2s-unknown"), constants)
    assert found.low < found.mid < found.high
    assert dict(found.status)["memory.gb_per_cm2"] == "DEFAULT"
    assert found.quality is Quality.ESTIMATED
    rack, blade = (estimate_server(Parts(case=case), constants).mid for case in ("rack", "blade"))
    assert rack - blade == pytest.approx(150 - 30.9 - 880 / 16)


def test_booked_once_and_amortised_by_the_day():
    """1 215 kg of each of ten servers in 2024; a year of four is 365 of 1 460 days."""
    assets = [Asset("s", "server", FOOTPRINT, date(2024, 7, 1), 4.0, count=10)]
    first, second = (date(2024, 1, 1), date(2025, 1, 1)), (date(2025, 1, 1), date(2026, 1, 1))
    assert booked_in(assets, *first).value == pytest.approx(12_150)
    assert booked_in(assets, *second).value == 0.0
    amortised = assets[0].amortised(*second)
    assert amortised.value == pytest.approx(12_150 * 365 / 1460)
    assert amortised.bounds == pytest.approx((6780 / 4, 16930 / 4))


@given(
    st.integers(1, 3000), st.one_of(st.none(), st.integers(0, 3000)),
    st.lists(st.integers(-500, 5000), min_size=1, max_size=5),
)  # fmt: skip
def test_over_all_time_as_much_is_amortised_as_was_booked(life, retired, cuts):
    """Splitting time anywhere changes no total, early retirement included."""
    start = date(2020, 1, 1).toordinal()
    gone = None if retired is None else date.fromordinal(start + retired)
    asset = Asset("s", "server", FOOTPRINT, date(2020, 1, 1), life / 365, retired=gone)
    ends = [date.fromordinal(start + day) for day in sorted({-1000, *cuts, 9000})]
    spans = list(pairwise(ends))
    amortised = sum(asset.amortised(*span).value for span in spans)
    booked = sum(asset.booked(*span).value for span in spans)
    assert amortised == pytest.approx(booked) == pytest.approx(1215.0)


def test_impossible_lives():
    """A life of no length or an end before the beginning is refused."""
    with pytest.raises(ValueError, match="at least a day"):
        Asset("s", "server", FOOTPRINT, date(2024, 1, 1), 0.0).amortised(*[date(2024, 1, 1)] * 2)
    asset = Asset("s", "server", FOOTPRINT, date(2024, 1, 1), 4.0, retired=date(2023, 1, 1))
    with pytest.raises(ValueError, match="before"):
        asset.amortised(date(2024, 1, 1), date(2025, 1, 1))


def test_every_card_of_the_library_has_a_footprint():
    """Figures rise from low to high and the source is told."""
    constants = bottom_up_constants()
    for card in load_embodied().values():
        found = footprint_of(card, constants)
        assert 0 < found.low <= found.mid <= found.high
        assert found.source


@pytest.mark.shared
def test_default_server_is_the_public_distribution(shared_data: Path):
    """Median, and the 10th and 90th percentile by rank, are those of the published data set."""
    table = pd.read_csv(shared_data / "embodied" / "boavizta-data-us.csv")
    servers = table[(table["subcategory"] == "Server") & table["gwp_manufacturing_ratio"].notna()]
    made = (servers["gwp_total"] * servers["gwp_manufacturing_ratio"]).to_numpy(dtype=float)
    card = find_embodied("server-default")
    assert len(made) == 48
    low, high = np.quantile(made, [0.1, 0.9], method="inverted_cdf").tolist()
    figures = [card.low_kgco2e, card.mid_kgco2e, card.high_kgco2e]
    assert figures == pytest.approx([low, float(np.median(made)), high], abs=0.5)


def test_mistakes_in_cards_are_told_together(tmp_path: Path):
    """Figures out of order, none at all, an unknown name: all with their lines."""
    (tmp_path / "a.yaml").write_text(
        "cards:\n"
        "  - {name: x, title: X, category: server, tier: epd, source: s, low_kgco2e: 5,\n"
        "     mid_kgco2e: 4, high_kgco2e: 6}\n"
        "  - {name: y, title: Y, category: sever, tier: epd, source: s, mid_kgco2e: 4}\n"
    )
    with pytest.raises(InputError) as caught:
        read_embodied(tmp_path)
    assert "must rise" in str(caught.value)
    assert "did you mean 'server'?" in str(caught.value)
    twice = tmp_path / "twice"
    twice.mkdir()
    for name in ("a", "b"):
        (twice / f"{name}.yaml").write_text(
            "cards:\n  - {name: x, title: X, category: rack, tier: epd, source: s, low_kgco2e: 1,"
            " mid_kgco2e: 1, high_kgco2e: 1}\n"
        )
    with pytest.raises(InputError, match="given twice"):
        read_embodied(twice)
    with pytest.raises(UsageError, match="did you mean 'server-default'"):
        find_embodied("server-defualt")
