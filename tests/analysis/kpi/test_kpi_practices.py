"""Practices by section, and the facts and limits that a reporting document may tell."""

from datetime import date

import pytest
from pydantic import ValidationError

from optimiser.analysis.kpi.practices import practice_states
from optimiser.library.rulesets import load_rulesets
from optimiser.schema.reporting import Practice, Reporting

CODE = load_rulesets()["EU-CoC"]
BENCH = {"count": 100, "performance": 12_000, "power_w": 400, "benchmark": "b 1"}
SITE = {
    "boundary": "All of it.",
    "facility": {
        "name": "dc", "owner": {"name": "o"}, "operator": {"name": "o"}, "kind": "enterprise",
        "country": "DE", "start": "2019-05", "rated_it_kw": 400,
    },
}  # fmt: skip


def test_sections_count_their_practices():
    """5.1.2 and 5.10.1 belong to 5; only the first of them to 5.1."""
    told = [
        Practice(number="5.1.2", status="implemented"),
        Practice(number="5.7.1", status="planned", planned=date(2027, 1, 1)),
        Practice(number="9.1.1", status="implemented"),
    ]
    found = {state.number: state for state in practice_states(CODE, told)}
    assert found["5"].counts == {"implemented": 1, "planned": 1}
    assert found["5.1"].counts == {"implemented": 1}
    assert (found["9"].told, found["3"].told) == (1, 0)
    odd = Practice(number="8.99", status="endorsed")
    assert {s.number: s.told for s in practice_states(CODE, [odd])}["8"] == 1
    bare = CODE.model_copy(update={"practice_sections": CODE.practice_sections[:1]})
    with pytest.raises(ValueError, match=r"no section for 5\.1\.2"):
        practice_states(bare, told[:1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facts": {"has_esm": True}}, "did you mean 'has_ems'"),
        ({"facts": {"pue": 1.2}}, "no rule asks for these facts here"),
        ({"limits": {"mlc": 0.23}}, "limits_source is needed"),
        ({"practices": [{"number": "5.1.2", "status": "planned"}]}, "has a day in 'planned'"),
        ({"practices": [{"number": "5.1.2", "status": "endorsed"}] * 2}, "told twice: 5.1.2"),
        ({"servers": [BENCH, {**BENCH, "benchmark": "b 2"}]}, "several benchmarks"),
        ({"servers": [BENCH], "num_servers": 99}, "servers lists 100"),
        ({"practices": [{"number": "2.1", "status": "endorsed"}]}, "pattern"),
    ],
)
def test_what_a_site_may_not_tell(change, message):
    """Unknown facts, limits without a source, plans without a day."""
    with pytest.raises(ValidationError, match=message):
        Reporting.model_validate({**SITE, **change})


def test_what_a_site_may_tell():
    """Facts of the vocabulary and of own rulesets, of any simple type."""
    facts = {"has_ems": True, "employees": 1200, "own_pact": "2025-01-01", "own_day": "x"}
    found = Reporting.model_validate(
        {**SITE, "facts": facts, "limits": {"mlc": 0.23}, "limits_source": "edition 2022, zone 5A"}
    )
    assert found.facts["has_ems"] is True
    assert found.facts["employees"] == 1200.0
    assert found.limits == {"mlc": 0.23}
