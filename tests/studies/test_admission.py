"""Admission keeps every kind of rule, says why it refuses, and forgets what it released."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances.tiny import GPU_RESOURCES, tiny
from instances.tiny_facility import facility_options

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.errors import UsageError
from optimiser.studies.admission import Admission, Answer

Case = dict[str, Any]
GPU_CARD: Case = {
    "kind": "server", "name": "gpu", "curve_w": [100.0] * 11, "standby_w": 5.0,
    "capacity": {"cpu": 100, "memory": 1000, "gpu": 200},
    "gpus": {"model": "X", "count": 2, "idle_w": 0.0, "max_w": 100.0},
}  # fmt: skip
GPUS: Case = {"cards": [GPU_CARD], "resources": GPU_RESOURCES}
GPU_HOST: Case = {"card": "gpu"}
ALL: Case = {"workloads": {}}


def one(**fields: Any) -> Case:
    """Return a workload of service s."""
    return {"service": "s", **fields}


def rule(kind: str, **fields: Any) -> list[Case]:
    """Return one policy called by its kind."""
    return [{"kind": kind, "name": kind, **fields}]


# hosts, workloads, policies, options; hosts of the arrivals in their order; words of the refusal
CASES: dict[str, tuple[Case, list[str | None], str]] = {
    "capacity": (
        {"hosts": 2, "workloads": [one(cpu=60, host="h1"), one(cpu=60), one(cpu=60)]},
        ["h2", None],
        "2 lack capacity (nearest is h1, short of 20 millicore of cpu)",
    ),
    "capacity over time": (
        {
            "hosts": 1,
            "workloads": [
                one(cpu=80, profile="day", host="h1"),
                one(cpu=80, profile="night"),
                one(cpu=80, profile="day"),
            ],
            "demand": {"day": [1.0, 0.1], "night": [0.1, 1.0]},
        },
        ["h1", None],
        "lack capacity",
    ),
    "shares of devices": (
        {
            "hosts": [GPU_HOST],
            "workloads": [one(gpu=60, host="h1"), one(gpu=60), one(gpu=50), one(gpu=40)],
            **GPUS,
        },
        ["h1", None, "h1"],
        "1 have no gpu device with 50 of its 100 free",
    ),
    "whole devices": (
        {"hosts": [GPU_HOST], "workloads": [one(gpu=10, host="h1"), one(gpu=200)], **GPUS},
        [None],
        "lack capacity (nearest is h1, short of 10 share of gpu)",
    ),
    "whole devices in parts": (
        {
            "hosts": [{**GPU_HOST, "gpu": 300}],
            "workloads": [one(gpu=60, host="h1"), one(gpu=60, host="h1"), one(gpu=200, cpu=1)],
            **GPUS,
            "cards": [{**GPU_CARD, "gpus": {**GPU_CARD["gpus"], "count": 4}}],
        },
        [None],
        "lack capacity",
    ),
    "anti-affinity": (
        {
            "hosts": 2,
            "workloads": [one(host="h2"), one(), one()],
            "policies": rule("anti_affinity", **ALL),
        },
        ["h1", None],
        "2 would break anti_affinity",
    ),
    "spread, most in a rack": (
        {
            "hosts": [{"rack": "r1"}, {"rack": "r1"}, {"rack": "r2"}],
            "workloads": [one(host="h1"), one(host="h3"), one()],
            "policies": rule("spread", max_per_domain=1),
        },
        [None],
        "3 would break spread",
    ),
    "spread, fewest racks": (
        {
            "hosts": [{"rack": "r1"}, {"rack": "r1"}, {"rack": "r2"}],
            "workloads": [one(host="h1"), one()],
            "policies": rule("spread", min_domains=2),
        },
        ["h3"],
        "",
    ),
    "affinity": (
        {
            "hosts": 2,
            "workloads": [one(cpu=50, host="h2"), one(cpu=50), one(cpu=50)],
            "policies": rule("affinity", **ALL),
        },
        ["h2", None],
        "1 lack capacity (nearest is h2, short of 50 millicore of cpu); 1 would break affinity",
    ),
    "ban": (
        {"hosts": 2, "workloads": [one(cpu=60), one(cpu=60)],
         "policies": rule("ban", hosts={"names": ["h1"]})},
        ["h2", None],
        "1 may not be used (ban)",
    ),
    "maintenance": (
        {"hosts": [{"state": "maintenance"}, {}], "workloads": [one(cpu=60), one(cpu=60)]},
        ["h2", None],
        "1 may not be used (maintenance)",
    ),
    "label": (
        {"hosts": [{"labels": "disk=hdd"}, {"labels": "disk=ssd"}],
         "workloads": [one(labels="disk=ssd"), one(labels="disk=tape")],
         "policies": rule("require_label", label="disk")},
        ["h2", None],
        "2 may not be used (require_label)",
    ),
    "quarantine": (
        {"hosts": 2, "workloads": [one(cpu=60), one(cpu=60)],
         "policies": rule("quarantine", hosts={"names": ["h1"]})},
        ["h2", None],
        "1 may not be used (quarantine)",
    ),
    "residency": (
        {"hosts": [{"labels": "country=SG"}, {"labels": "country=DE"}],
         "workloads": [one(cpu=60), one(cpu=60)],
         "policies": rule("residency", classes=[{"name": "mail", "allow": ["EEA"]}])},
        ["h2", None],
        "1 may not be used (residency)",
    ),
    "latency": (
        {"hosts": [{"labels": "pod=a"}, {"labels": "pod=b"}], "workloads": [one(cpu=60)] * 2,
         "policies": rule("latency", limit_ms=5, users=["b"])},
        ["h2", None],
        "1 may not be used (latency)",
    ),
    "one rule of two": (
        {"hosts": 3, "workloads": [one(cpu=60)] * 3,
         "policies": rule("any_of", rules=[
             {"kind": "ban", "name": "a", "hosts": {"names": ["h1", "h2"]}},
             {"kind": "ban", "name": "b", "hosts": {"names": ["h1", "h3"]}}])},
        ["h2", "h3", None],
        "1 may not be used (any_of)",
    ),
    "both rules of two": (
        {"hosts": 3, "workloads": [one(cpu=60)] * 2,
         "policies": rule("all_of", rules=[
             {"kind": "ban", "name": "a", "hosts": {"names": ["h1"]}},
             {"kind": "ban", "name": "b", "hosts": {"names": ["h3"]}}])},
        ["h2", None],
        "2 may not be used (all_of)",
    ),
    "a gang": (
        {"hosts": 1, "workloads": [one(cpu=20, service="a"), one(cpu=20)],
         "policies": [*rule("assign", soft={"weight": 1}),
                      {"kind": "group_together_or_not_at_all", "name": "gang",
                       "workloads": {"services": ["s"]}}]},
        ["h1", "h1"],
        "",
    ),
    "agents on a host": (
        {"hosts": 1, "workloads": [one(memory=500, service="a"), one(memory=300, service="b")],
         "policies": rule("presence_overhead", amount=150)},
        ["h1", None],
        "",
    ),
    "licences": (
        {"hosts": 2, "workloads": [one(cpu=60), one(cpu=60)],
         "policies": rule("licence", workloads={}, limit=1)},
        ["h1", None],
        "",
    ),
    "room for more": (
        {"hosts": 1, "workloads": [one(cpu=20), one(cpu=20)],
         "policies": rule("free_units", size={"cpu": 40}, count=2)},
        ["h1", None],
        "",
    ),
    "power of a rack": (
        {"hosts": 2, "racks": [{"name": "r1", "power_limit_kw": 0.14}, {"name": "r2"}],
         "workloads": [one(cpu=50), one(cpu=50), one(cpu=50)],
         "policies": rule("domain_capacity")},
        ["h2", "h2", None],
        "1 would break domain_capacity (rack r1)",
    ),
    "one feed lost": (
        {"hosts": 4, "workloads": [one(cpu=90)] * 2,
         "policies": rule("redundant_feed", limit_fraction=0.15), **facility_options(4, 2)},
        ["h1", None],
        "3 would break redundant_feed (ups UB with feed A lost)",
    ),
    "processors of a rack": (
        {"hosts": 2, "workloads": [one(cpu=50, host="h1"), one(cpu=50), one(cpu=50)],
         "policies": rule("domain_capacity", resource="cpu", limit=60)},
        ["h2", None],
        "2 would break domain_capacity",
    ),
    "reserve": (
        {"hosts": 2, "workloads": [one(cpu=50, host="h1"), one(cpu=60), one(cpu=60)],
         "policies": rule("headroom", fraction=0.3)},
        ["h2", None],
        "lack capacity",
    ),
    "reserve alone": (
        {"hosts": 1, "workloads": [one(cpu=50, host="h1"), one(cpu=40), one(cpu=20)],
         "policies": rule("headroom", fraction=0.3)},
        [None, "h1"],
        "1 would break headroom",
    ),
    "hosts on": (
        {"hosts": [{}, {"state": "off"}], "workloads": [one(cpu=60, host="h1"), one(cpu=60)],
         "policies": rule("max_hosts_on", limit=1)},
        [None],
        "1 would break max_hosts_on",
    ),
    "budget": (
        {"hosts": [{}, {"state": "off"}], "workloads": [one(cpu=60, host="h1"), one(cpu=30),
                                                        one(cpu=20)],
         "policies": rule("budget", measure="power", limit=0.2)},
        ["h1", None],
        "on h2, the best, it exceeds 'budget'",
    ),
    "response time": (
        {"hosts": 1, "workloads": [one(cpu=30, host="h1"), one(cpu=30), one(cpu=10)],
         "policies": rule("response_time", service_ms=1, limit_ms=2)},
        [None, "h1"],
        "1 would break response_time",
    ),
    "nearness": (
        {"hosts": 2, "workloads": [{"service": "db", "host": "h2"}, {"service": "app", "cpu": 90},
                                   {"service": "app", "cpu": 20}],
         "policies": rule("dependency", workloads={"services": ["app"]}, needs=["db"])},
        ["h2", None],
        "1 would break dependency",
    ),
    "a service too far away": (
        {"hosts": [{"labels": "pod=a"}, {"labels": "pod=b"}, {"labels": "pod=c"}],
         "workloads": [{"service": "db", "host": "h2"}, {"service": "app", "cpu": 90},
                       {"service": "app", "cpu": 60}, {"service": "app", "cpu": 60}],
         "policies": rule(
             "latency", workloads={"services": ["app"]}, services=["db"], limit_ms=5,
             distances=[{"a": "b", "b": "c", "ms": 4}, {"a": "a", "b": "b", "ms": 6}])},
        ["h2", "h3", None],
        "1 would break latency",
    ),
}  # fmt: skip


def build(case: Case) -> tuple[Admission, list[int]]:
    """Return an admission and the workloads that arrive."""
    _, twin, rules = tiny(**case)
    arriving = np.flatnonzero(twin["workload_host"].values < 0).tolist()
    return Admission(twin, rules), arriving


def broken_rules(admission: Admission) -> set[str]:
    """Return the hard rules that the exact checker finds broken, waiting workloads apart."""
    placement = admission.placement
    devices = placement.devices if (placement.host >= 0).all() else None
    checked = Placement(placement.host, placement.host_on, devices)
    return set(verify(admission.problem.twin, admission.problem.rules, checked).broken) - {"assign"}


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_rule_is_kept(name: str) -> None:
    """Arrivals go where the rule allows, the refusal names it, and the checker agrees."""
    case, expected, words = CASES[name]
    admission, arriving = build(case)
    answers = [admission.admit(workload) for workload in arriving]
    assert [answer.host for answer in answers] == expected
    assert words in "".join(answer.reason for answer in answers)
    assert all(answer.is_admitted or answer.reason for answer in answers)
    assert broken_rules(admission) == set()


@pytest.mark.parametrize("name", CASES)
def test_release_leaves_no_trace(name: str) -> None:
    """After all arrivals were released the same arrivals get the same answers."""
    admission, arriving = build(CASES[name][0])
    first = [admission.admit(workload) for workload in arriving]
    for answer in reversed(first):
        if answer.is_admitted:
            admission.release(answer.workload)
    assert [admission.admit(workload) for workload in arriving] == first


def test_release_makes_room() -> None:
    """A workload that was refused is admitted when another one has left, also one of before."""
    admission, _ = build(
        {"hosts": 1, "workloads": [one(cpu=60, host="h1"), one(cpu=60), one(cpu=40)]}
    )
    assert not admission.admit("w2").is_admitted
    admission.release("w1")
    assert admission.admit("w2") == Answer("w2", "h1")
    assert admission.admit("w3") == Answer("w3", "h1")
    assert admission.placement.host.tolist() == [-1, 0, 0]


def test_names_are_checked() -> None:
    """Unknown names, a second admission and a release of nothing are told with a remedy."""
    admission, _ = build({"hosts": 1, "workloads": [one(host="h1"), one()]})
    with pytest.raises(UsageError, match=r"no workload 'w22'[\s\S]*did you mean 'w2'"):
        admission.admit("w22")
    with pytest.raises(UsageError, match="'w1' runs already"):
        admission.admit("w1")
    with pytest.raises(UsageError, match="'w2' does not run"):
        admission.release("w2")


def test_together_or_not_at_all() -> None:
    """When one of a group finds no host, those before it leave again."""
    admission, arriving = build({"hosts": 2, "workloads": [one(cpu=60)] * 3})
    answers = admission.admit_together(arriving)
    assert [answer.reason for answer in answers[:2]] == ["comes only together with w3"] * 2
    assert "lack capacity" in answers[2].reason
    assert (admission.placement.host < 0).all()
    assert all(answer.is_admitted for answer in admission.admit_together(arriving[:2]))


def test_sleeping_hosts_wake_last() -> None:
    """A host that is on comes first; a woken one is told and sleeps again when it is empty."""
    case = {"hosts": [{"state": "off"}, {}], "workloads": [one(cpu=60), one(cpu=60)]}
    admission, _ = build(case)
    assert admission.admit("w1") == Answer("w1", "h2")
    assert admission.admit("w2") == Answer("w2", "h1", woken=True)
    assert admission.placement.host_on.tolist() == [True, True]
    admission.release("w2")
    admission.release("w1")
    assert admission.placement.host_on.tolist() == [False, True]


def test_what_is_broken_today_stays_and_gets_no_worse() -> None:
    """An overfull host keeps what it holds, takes nothing, and others are used as ever."""
    running = [one(cpu=60, host="h1"), one(cpu=60, host="h1")]
    admission, _ = build({"hosts": 2, "workloads": [*running, one(cpu=60), one(cpu=60)]})
    assert admission.admit("w3").host == "h2"
    assert "short of 20 millicore" in admission.admit("w4").reason
    assert admission.placement.host.tolist() == [0, 0, 1, -1]
    assert broken_rules(admission) == {"capacity"}


def test_given_devices_are_kept() -> None:
    """Devices that are told for running workloads are the ones in use."""
    case = {"hosts": [GPU_HOST], "workloads": [one(gpu=40, host="h1"), one(gpu=100)], **GPUS}
    _, twin, rules = tiny(**case)
    today = Placement(twin["workload_host"].values, twin["host_on"].values, [(1,), ()])
    assert Admission(twin, rules, placement=today).admit("w2") == Answer("w2", "h1", (0,))


def test_whole_devices_stay_whole() -> None:
    """A share goes beside another one, although a host with two free devices is listed first."""
    hosts = [GPU_HOST, GPU_HOST]
    work = [one(gpu=50, host="h2"), one(gpu=50, cpu=1), one(gpu=200, cpu=1)]
    admission, arriving = build({"hosts": hosts, "workloads": work, **GPUS})
    answers = [admission.admit(workload) for workload in arriving]
    assert [(answer.host, answer.devices) for answer in answers] == [("h2", (0,)), ("h1", (0, 1))]


def test_processors_are_kept_for_devices() -> None:
    """A workload without devices goes where it strands no device of those that are expected."""
    plain, mixed = {"card": "plain"}, GPU_HOST
    work = [one(cpu=50), one(cpu=50, gpu=100), one(cpu=50, gpu=100)]
    admission, arriving = build({"hosts": [mixed, plain], "workloads": work, **GPUS})
    assert [admission.admit(workload).host for workload in arriving] == ["h2", "h1", "h1"]


def test_a_gang_comes_whole_or_not_at_all() -> None:
    """Alone a member is refused; together all are admitted, or none when one has no room."""
    policies = [{"kind": "group_together_or_not_at_all", "name": "gang"}]
    workloads = [one(cpu=60), one(cpu=30), one(cpu=60, service="other")]
    _, twin, rules = tiny(2, [{**row, "host": None} for row in workloads], policies)
    admission = Admission(twin, rules)
    assert admission.admit("w1").reason == "comes only together with w2"
    assert admission.whole_groups([["w3"], ["w2"]]) == [["w3"], ["w1", "w2"]]
    assert all(answer.is_admitted for answer in admission.admit_together(["w1", "w2"]))
    assert admission.admit("w3").is_admitted
    admission.release("w1")
    admission.release("w2")
    full = [one(cpu=60), one(cpu=60), one(cpu=60)]
    _, twin, rules = tiny(2, [{**row, "host": None} for row in full], policies)
    admission = Admission(twin, rules)
    refused = admission.admit_together(["w1", "w2", "w3"])
    assert not any(answer.is_admitted for answer in refused)
    assert refused[0].reason == "comes only together with w3"
    assert (admission.placement.host < 0).all()
