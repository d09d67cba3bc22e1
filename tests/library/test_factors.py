"""Factors: every row is whole, and a place or time without one is an error (G11)."""

from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from optimiser.errors import EXIT_INPUT, InputError
from optimiser.library.factors import choose_factor, find_factor, load_factors, read_factors
from optimiser.library.locate import library_path

YEAR = (date(2025, 1, 1), date(2025, 12, 31))
NEEDED = ("value", "unit", "gwp_set", "geography", "valid_from", "valid_to", "publisher",
          "version", "licence", "scope_basis", "retrieved_at")  # fmt: skip


def test_unknown_region_fails():
    """G11: no factor, no figure; the exit code says that the input is wrong."""
    with pytest.raises(InputError, match="no grid_location factor for this place") as caught:
        choose_factor(load_factors(), "grid_location", "XX", *YEAR)
    assert caught.value.exit_code == EXIT_INPUT != 0
    assert "one of DE, FR" in str(caught.value)


def test_another_year_is_not_taken():
    """A factor of 2024 is none for 2025."""
    factors = load_factors()
    with pytest.raises(InputError, match="no grid_location factor of DE for 2025"):
        choose_factor(factors, "grid_location", "DE", *YEAR)
    with pytest.raises(InputError, match="this factor is for 2024-01-01 to 2024-12-31"):
        find_factor(factors, "de-grid-2024", "grid_location", *YEAR)


def test_a_zone_takes_its_country():
    """DE-LU has the residual mix of DE; the row says what it is of."""
    row = choose_factor(load_factors(), "residual_mix", "DE-LU", *YEAR)
    assert (row.id, row.scope_basis, row.gwp_set) == ("de-residual-2025", "residual", "CO2_only")


def test_a_factor_is_found_by_name_and_use():
    """The name alone is not enough: a residual mix is no grid average."""
    factors = load_factors()
    assert find_factor(factors, "diesel-mineral-2025", "fuel", *YEAR).value == 2.66155
    with pytest.raises(InputError, match="is for residual_mix, not for grid_location"):
        find_factor(factors, "de-residual-2025", "grid_location", *YEAR)
    with pytest.raises(InputError, match="did you mean 'diesel-mineral-2025'"):
        find_factor(factors, "diesel-mineral-2026", "fuel", *YEAR)


@pytest.mark.parametrize("left_out", NEEDED)
def test_no_row_without_its_source(tmp_path: Path, left_out: str):
    """G11: each of the facts of a factor is required."""
    row = load_factors()["gb-grid-2025"].model_dump(mode="python")
    del row[left_out]
    path = tmp_path / "factors.yaml"
    with path.open("w") as file:
        YAML().dump({"factors": [row]}, file)
    with pytest.raises(InputError, match=left_out):
        read_factors(path)


def test_own_factors_come_first(tmp_path: Path):
    """A file beside the site adds rows and replaces the library's."""
    text = library_path("models", "factors", "energy.yaml").read_text()
    own = tmp_path / "factors.yaml"
    own.write_text(text.replace("value: 0.177", "value: 0.2").replace("gb-losses", "gb-own"))
    factors = load_factors(own)
    assert (factors["gb-grid-2025"].value, factors["gb-losses-2025"].value) == (0.2, 0.01853)
    assert "gb-own-2025" in factors
    own.write_text(text.replace("gb-losses-2025", "gb-grid-2025"))
    read_factors.cache_clear()
    with pytest.raises(InputError, match="given twice"):
        load_factors(own)


def test_blends_follow_from_their_composition():
    """R-410A is half R-32 and half R-125: (771 + 3740) / 2."""
    factors = load_factors()
    assert factors["R-410A"].value == pytest.approx((771 + 3740) / 2)
    assert factors["R-407C"].value == pytest.approx(
        0.23 * 771 + 0.25 * 3740 + 0.52 * 1530, abs=0.01
    )
