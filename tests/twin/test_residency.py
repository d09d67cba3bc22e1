"""Where data may be processed: declared facts against the dated ruleset, case by case."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from instances.tiny import tiny

from optimiser.schema.policy import Residency
from optimiser.twin.residency import PlaceFacts, objection

DAY = dt.date(2026, 11, 22)
BASES = ["EEA", "adequacy"]


def ask(place: PlaceFacts, last: dt.date = DAY, first: dt.date = DAY, **data: object) -> str:
    """Return the objection to one class of data at a place."""
    policy = Residency.model_validate(
        {"name": "law", "classes": [{"name": "d", "allow": BASES, **data}]}
    )
    return objection(policy, ("d",), place, first, last)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (PlaceFacts("DE"), ""),
        (PlaceFacts("NO"), ""),
        (PlaceFacts("CH"), ""),
        (PlaceFacts("SG"), "d data has no basis to be in SG"),
        (PlaceFacts(""), "the country of the host is not known, and d data is restricted"),
        (PlaceFacts("US"), "d data has no basis to be in US"),
        (PlaceFacts("US", conditions=("dpf",)), ""),
        (PlaceFacts("CA", conditions=("dpf",)), "d data has no basis to be in CA"),
        (PlaceFacts("CA", conditions=("pipeda",)), ""),
        (PlaceFacts("IE", access=("IN",)), "d data has no basis to be reached from IN"),
        (PlaceFacts("IE", access=("FR", "CH")), ""),
        (PlaceFacts("IE", access=None),
         "who reaches the host is not known, and d data is restricted"),
    ],
)  # fmt: skip
def test_a_place_has_a_basis_or_not(place: PlaceFacts, why: str) -> None:
    """Union, area and adequacy with its conditions; administrators count, the unknown never."""
    assert ask(place) == why


def test_special_categories_do_not_rest_on_decisions_at_risk() -> None:
    """What a court may annul carries ordinary data only."""
    importer = PlaceFacts("US", conditions=("dpf",))
    assert not ask(importer)
    assert ask(importer, special=True) == "d data has no basis to be in US"
    assert not ask(PlaceFacts("CH"), special=True)


@pytest.mark.parametrize(
    ("country", "first", "last", "passes"),
    [
        ("BR", dt.date(2026, 1, 1), dt.date(2026, 1, 2), False),
        ("BR", dt.date(2026, 2, 1), dt.date(2026, 2, 2), True),
        ("GB", DAY, dt.date(2031, 12, 27), True),
        ("GB", DAY, dt.date(2032, 1, 31), False),
    ],
)
def test_a_decision_holds_from_the_first_day_to_the_last(
    country: str, first: dt.date, last: dt.date, passes: bool
) -> None:
    """A plan that outlives its basis has none."""
    assert (ask(PlaceFacts(country), last, first) == "") is passes


def test_denial_outweighs_what_is_allowed() -> None:
    """Denied countries are denied, also to those who only reach in."""
    assert ask(PlaceFacts("FR"), deny=["FR"]) == "d data must not be in FR"
    assert (
        ask(PlaceFacts("DE", access=("FR",)), deny=["FR"]) == "d data must not be reached from FR"
    )
    assert not ask(PlaceFacts("SG"), allow=[], deny=["FR"])


def test_labels_declare_the_facts() -> None:
    """Host labels before the site's country; no class named counts as every class."""
    policy = {
        "kind": "residency",
        "classes": [{"name": "mail"}, {"name": "health", "allow": ["EU"]}],
    }
    _, _, (rule,) = tiny(
        [{}, {"labels": "country=CH"}, {"labels": "country=AT"}],
        [{"labels": "data_class=mail"}, {"labels": "data_class=mail|health"}, {}],
        [policy],
        location={"country": "FR"},
    )
    assert rule.allowed is not None and rule.allowed_class is not None
    found = rule.allowed[rule.allowed_class]
    assert np.array_equal(found, [[1, 1, 1], [1, 0, 1], [1, 0, 1]])
