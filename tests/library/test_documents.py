"""Documents: each kind of mistake is located, explained and mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.errors import InputError, Problem
from optimiser.library.documents import read_document
from optimiser.schema.equipment import CardFile
from optimiser.schema.site import Site

SITE = """\
name: broken
cooling:
  zones:
    - {name: z1, crah: x, crah_count: 2}
    - name: z2
      crah: x
%s
policies:
  - {name: p1, kind: spread}
"""


def _problems(folder: Path, text: str, model: type = Site) -> list[Problem]:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_document(path, model)
    return list(caught.value.problems)


def _one(folder: Path, text: str, model: type = Site) -> Problem:
    (problem,) = _problems(folder, text, model)
    return problem


def test_a_misspelt_field_is_told_once_with_the_right_name(tmp_path: Path) -> None:
    """The missing field it stands for is not told a second time."""
    problem = _one(tmp_path, SITE % "      crah_cuont: 2")
    assert problem.file == str(tmp_path / "site.yaml")
    assert problem.line == 7
    assert problem.field == "cooling.zones[1].crah_cuont"
    assert problem.remedy == "did you mean 'crah_count'?"


def test_a_missing_field_is_told_at_its_parent_with_its_meaning(tmp_path: Path) -> None:
    """What to add, and what it means."""
    problem = _one(tmp_path, SITE % "")
    assert (problem.line, problem.field) == (5, "cooling.zones[1].crah_count")
    assert problem.expected == "a whole number, at least 1"
    assert problem.remedy == "add 'crah_count: …' (Installed units)"


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("crah_count: 0", "crah_count", "a whole number, at least 1"),
        ("crah_count: 1.5", "crah_count", "a whole number, at least 1"),
        ("crah_count: true", "crah_count", "a whole number, at least 1"),
        ("crah_count: many", "crah_count", "a whole number, at least 1"),
        (
            "crah_count: 1\n      supply_air_c: 90",
            "supply_air_c",
            "a number from 5 to 40 [°C], or text with a unit such as '77 °F'",
        ),
        (
            "crah_count: 1\n      bypass_fraction: .nan",
            "bypass_fraction",
            "a number from 0 to 1 [fraction], or text with a unit such as '25 %'",
        ),
        (
            "crah_count: 1\n      recirculation: lots",
            "recirculation",
            "a mapping with neighbour_fraction, own_fraction, facing_fraction",
        ),
    ],
)
def test_a_wrong_value_says_what_is_expected(
    tmp_path: Path, line: str, field: str, expected: str
) -> None:
    """Type and limits in plain words, on the line of the value."""
    problem = _one(tmp_path, SITE % f"      {line}")
    assert problem.field == f"cooling.zones[1].{field}"
    assert problem.expected == expected
    assert problem.line == 7 + line.count("\n")


def test_an_unknown_unit_is_named(tmp_path: Path) -> None:
    """The field is told, not only the document around it."""
    problem = _one(tmp_path, SITE % "      crah_count: 1\n      supply_air_c: 3 apples")
    assert problem.field == "cooling.zones[1].supply_air_c"
    assert problem.value == "3 apples"
    assert problem.remedy == "unknown unit 'apples'; write °C, °F or K"


def test_strings_with_units_are_converted(tmp_path: Path) -> None:
    """``77 °F`` is 25 °C and ``10 %`` a tenth."""
    path = tmp_path / "site.yaml"
    zone = "{name: z, crah: c, crah_count: 1, supply_air_c: 77 °F, bypass_fraction: 10 %}"
    path.write_text(f"name: x\ncooling: {{zones: [{zone}]}}\n", encoding="utf-8")
    site = read_document(path, Site)
    assert site.cooling is not None
    assert site.cooling.zones[0].supply_air_c == pytest.approx(25.0)
    assert site.cooling.zones[0].bypass_fraction == pytest.approx(0.1)


def test_a_wrong_choice_names_the_choices(tmp_path: Path) -> None:
    """All choices, and the nearest."""
    text = "name: x\npolicies:\n  - {name: p, kind: spread, domain: racks}\n"
    problem = _one(tmp_path, text)
    assert (problem.line, problem.field, problem.value) == (3, "policies[0].domain", "racks")
    assert problem.expected == "one of host, rack, row, pdu, ups, feed, zone, site"
    assert problem.remedy == "did you mean 'rack'?"


def test_an_unknown_policy_kind_names_the_kinds(tmp_path: Path) -> None:
    """The discriminator itself is located."""
    problem = _one(tmp_path, "name: x\npolicies:\n  - name: p\n    kind: spred\n")
    assert (problem.line, problem.field) == (4, "policies[0].kind")
    assert problem.remedy == "did you mean 'spread'?"
    assert "anti_affinity" in str(problem.expected)


def test_a_policy_without_kind_says_so(tmp_path: Path) -> None:
    """A missing discriminator reads like any missing field."""
    problem = _one(tmp_path, "name: x\npolicies:\n  - name: p\n")
    assert (problem.line, problem.field) == (3, "policies[0].kind")
    assert problem.what == "required field is missing"


def test_fields_inside_a_union_are_those_of_the_chosen_kind(tmp_path: Path) -> None:
    """Pydantic's internal tags do not appear, and suggestions come from the right document."""
    text = "name: x\npolicies:\n  - {name: p, kind: spread, workloads: {service: [a]}}\n"
    problem = _one(tmp_path, text)
    assert problem.field == "policies[0].workloads.service"
    assert problem.remedy == "did you mean 'services'?"


def test_a_field_of_another_place_or_kind_is_sent_there(tmp_path: Path) -> None:
    """Right field, wrong place."""
    assert _one(tmp_path, "name: x\nchilled_water_c: 18\n").remedy == (
        "it belongs at cooling.plant.chilled_water_c"
    )
    text = "cards:\n  - {kind: pump, name: p, head_kpa: 100, rated_heat_kw: 3}\n"
    assert _one(tmp_path, text, CardFile).remedy == "it is a field of kind tower"


def test_numbers_where_text_belongs_are_quoted(tmp_path: Path) -> None:
    """YAML reads 2024 as a number."""
    problem = _one(tmp_path, "name: 2024\n")
    assert (problem.line, problem.remedy) == (1, 'write it in quotes: "2024"')


def test_alternatives_of_one_field_are_told_once(tmp_path: Path) -> None:
    """A field that takes a number or a file name is one mistake, not two."""
    problem = _one(tmp_path, "name: x\nenvironment: {price_per_kwh: [1]}\n")
    assert problem.field == "environment.price_per_kwh"
    assert problem.expected == "a number or text"


def test_values_inside_lists_and_mappings_are_located(tmp_path: Path) -> None:
    """Keys of mappings and positions in lists are part of the path."""
    text = (
        "cards:\n"
        "  - kind: psu\n"
        "    name: p\n"
        "    rating_w: 800\n"
        "    efficiency:\n"
        "      0.1: 0.9\n"
        "      0.5: 9.4\n"
        "  - {kind: server, name: s, curve_w: [1, 2]}\n"
    )
    low, short = _problems(tmp_path, text, CardFile)
    assert (low.line, low.field, low.value) == (7, "cards[0].efficiency.0.5", 9.4)
    assert (short.line, short.field) == (8, "cards[1].curve_w")
    assert short.expected == "a list of 11 entries, each a number, at least 0"


def test_rules_across_fields_are_told_in_their_own_words(tmp_path: Path) -> None:
    """A falling power curve is refused where the card begins."""
    curve = "[50, 40, 60, 70, 80, 90, 100, 110, 120, 130, 140]"
    problem = _one(tmp_path, f"cards:\n  - {{kind: server, name: s, curve_w: {curve}}}\n", CardFile)
    assert (problem.line, problem.field) == (2, "cards[0]")
    assert problem.what == "curve_w must not fall as the load rises"


def test_a_bad_name_says_which_characters_are_allowed(tmp_path: Path) -> None:
    """A regular expression is no explanation."""
    text = "cards:\n  - {kind: pump, name: my pump, head_kpa: 100}\n"
    problem = _one(tmp_path, text, CardFile)
    assert problem.value == "my pump"
    assert str(problem.expected).startswith("a name of letters, digits")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """One reading, one list."""
    text = "nam: x\ncurrency: euro\nlocation: {latitude: 91}\nformat: dcopt.site/9\n"
    found = _problems(tmp_path, text)
    assert [problem.line for problem in found] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("- a\n", "not a mapping"),
        ("x", "not"),
    ],
)
def test_files_without_fields_are_told_what_a_document_is(
    tmp_path: Path, text: str, words: str
) -> None:
    """Empty files, lists and loose words."""
    problem = _one(tmp_path, text)
    assert words in problem.what
    assert "name: …" in str(problem.expected)
