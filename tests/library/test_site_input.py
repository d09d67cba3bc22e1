"""A whole site: what is read, and what is told when its parts do not fit together."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from optimiser.errors import InputError
from optimiser.library.site import read_site, read_study


def test_a_correct_site_is_read_whole(small: Any) -> None:
    """Capacities are resolved, replicas unfolded, PDUs gathered, cards found."""
    site = small.read()
    assert site.site.power.feeds[1].rating_kw == 300.0
    assert site.hosts["memory"].tolist() == [524288, 65536, 65536]
    assert site.hosts["cpu"].dtype == np.int64
    assert site.workload_units["name"].tolist() == ["web-1", "web-2", "db", "etl"]
    assert site.workload_units["component"].tolist() == ["web", "web", "db", "etl"]
    assert site.workload_units["row"].tolist() == [0, 0, 1, 2]
    assert site.pdus["name"].tolist() == ["PA", "PB"]
    assert site.cards["server", "own-box"].curve_w[0] == 50
    assert site.cards["server", "lenovo-sr665"].rack_units == 2
    assert set(site.series) == {"weather", "price_per_kwh"}


def test_only_cards_in_use_are_kept(small: Any) -> None:
    """The manifest does not list the whole library."""
    kinds = [kind for kind, _ in small.read().cards]
    assert sorted(kinds) == [
        "chiller", "crah", "pdu", "pump", "server", "server", "tower", "transformer", "ups",
    ]  # fmt: skip


def test_every_file_read_has_its_checksum(small: Any) -> None:
    """Two runs on the same input can be recognised."""
    files = small.read().files
    assert len(files) == 10
    raw = (small.path / "hosts.csv").read_bytes()
    assert files["hosts.csv"] == hashlib.sha256(raw).hexdigest()


def test_every_default_in_use_is_listed(small: Any) -> None:
    """From documents, tables and the absent study alike."""
    used = small.read().defaults_used
    for text in (
        "site: cooling.zones[0].supply_air_c = 22.0",
        "study: solver.gap = 0.001",
        "racks.csv: units = 42 (no such column)",
        "workloads.csv: replicas = 1 in 1 row",
    ):
        assert text in used
    assert not any("location.time_zone" in text for text in used)


def test_a_study_is_found_beside_its_site(small: Any) -> None:
    """By folder, by site.yaml and by its own name."""
    small.write("study.yaml", "name: tight\nhorizon: {hours: 48}\n")
    for path in (small.path, small.path / "site.yaml", small.path / "study.yaml"):
        study, site = read_study(path)
        assert (study.name, study.horizon.hours) == ("tight", 48)
        assert "study.yaml" in site.files


def test_a_study_may_lie_elsewhere(small: Any) -> None:
    """Its site is relative to the study file."""
    folder = small.path / "studies"
    folder.mkdir()
    (folder / "june.yaml").write_text("name: june\nsite: ..\n", encoding="utf-8")
    study, site = read_study(folder / "june.yaml")
    assert (study.name, len(site.hosts)) == ("june", 3)


def test_a_site_without_placement_is_a_new_site(small: Any) -> None:
    """Noted as a default; but a file that is named must be there."""
    (small.path / "placement.csv").unlink()
    site = small.read()
    assert site.placement is None
    assert "no placement.csv: no workload runs anywhere yet" in site.defaults_used
    small.edit("site.yaml", "tables: {", "tables: {placement: placement.csv, ")
    problem = small.problem()
    assert (problem.field, problem.what) == ("tables.placement", "the file does not exist")


def test_a_site_of_hosts_racks_and_workloads_is_enough(small: Any) -> None:
    """Power, cooling, services and series are optional."""
    small.write("site.yaml", "name: bare\n")
    small.write("racks.csv", "name\nr1\nr2\n")
    small.write("hosts.csv", "name,rack,card\nh1,r1,lenovo-sr665\nh2,r1,lenovo-sr665\n")
    small.write("workloads.csv", "name,service,cpu,memory\ndb,shop,1,1\n")
    small.write("placement.csv", "workload,host\ndb,h1\n")
    site = small.read()
    assert site.services is None and site.demand is None
    assert len(site.pdus) == 0 and site.series == {}


BROKEN = [
    # file, old, new, line holding, field, what, remedy
    ("hosts.csv", "h1,r1,", "h1,r9,", "h1,", "rack", "there is no such rack", None),
    (
        "hosts.csv", "lenovo-sr665", "lenovo-sr655", "h1,", "card",
        "there is no such server card", "did you mean 'lenovo-sr665'?",
    ),
    (
        "hosts.csv", "lenovo-sr665", "pdu-22", "h1,", "card", "there is no such server card",
        "'pdu-22' is a pdu card; a server card is needed here",
    ),
    (
        "hosts.csv", "h2,r1,own-box,on,,65536", "h2,r1,own-box,on,,", "h2,", "memory",
        "neither the host nor its card says how much it offers",
        "add the column 'memory', or 'capacity: {memory: …}' to the card",
    ),
    (
        "racks.csv", "r2,a,z1", "r2,a,z2", "r2,", "zone",
        "there is no such cooling zone", None,
    ),
    ("racks.csv", "PA,PB,11", "PA,PC,11", "r1,", "pdu_b", "there is no such PDU", None),
    ("racks.csv", "z1,PA,PB,11", "z1,,,11", "r1,", "pdu_a", "the rack has no PDU", None),
    ("racks.csv", "r2,a,z1", "r2,a,", "r2,", "zone", "the rack is in no cooling zone", None),
    ("pdus.csv", "UB", "UX", "PB,", "ups", "there is no such UPS", None),
    ("pdus.csv", "UB\n", "UB\nPA,pdu-22,UB\n", "PA,", "name", "is in site.yaml already", None),
    (
        "services.csv", "gold", "golden", "shop,", "sla_class",
        "there is no such SLA class", "did you mean 'gold'?",
    ),
    (
        "workloads.csv", "etl,lake", "etl,lakes", "etl,", "service",
        "there is no such service", "did you mean 'lake'?",
    ),
    (
        "workloads.csv", "night", "nite", "etl,", "profile",
        "there is no such demand profile", None,
    ),
    (
        "placement.csv", "web-2,h2", "web-3,h2", "web-3,", "workload",
        "there is no such workload", "did you mean 'web-2'?",
    ),
    (
        "placement.csv", "web-2,h2", "web,h2", "web,", "workload",
        "has replicas, and each runs on a host of its own", "write web-1, web-2 …",
    ),
    ("placement.csv", "db,h1", "db,h7", "db,", "host", "there is no such host", None),
    (
        "placement.csv", "db,h1", "db,h3", "db,", "host",
        "a workload runs on a host that is off", None,
    ),
    (
        "demand.csv", "12:00,night,0.1\n", "", "00:00,night", "profile",
        "has 1 of the 2 times in the table; 12:00 missing",
        "add the missing rows, or remove the times that the others do not have",
    ),
    ("weather.csv", "1.0,0.4", "1.0,4.0", "01:00", "wet_bulb_c", "is above the dry bulb", None),
    (
        "site.yaml", "workloads: {services: [shop]}", "workloads: {services: [shp]}",
        "name: apart", "policies[0].workloads.services[0]", "there is no such service",
        "did you mean 'shop'?",
    ),
    (
        "site.yaml", "{tier: db}", "{teir: db}", "name: fenced",
        "policies[1].workloads.labels.teir", "there is no such workload label",
        "did you mean 'tier'?",
    ),
    (
        "site.yaml", 'ssd: "yes"', 'ssd: "no"', "name: fenced", "policies[1].hosts.labels.ssd",
        "there is no such value of the host label 'ssd'", None,
    ),
    (
        "site.yaml", "{name: fenced,", "{name: apart,", "kind: fence", "policies[1].name",
        "the policy 'apart' is given twice", None,
    ),
    (
        "site.yaml", "card: ups-modern-100, feed: B", "card: ups-modern-100, feed: C",
        "name: UB", "power.ups[1].feed", "there is no such feed", None,
    ),
    (
        "site.yaml", "card: ups-modern-100, feed: A", "card: ups-modrn-100, feed: A",
        "name: UA", "power.ups[0].card", "there is no such ups card",
        "did you mean 'ups-modern-100'?",
    ),
    (
        "site.yaml", "ups: UA}", "ups: UZ}", "name: PA", "power.pdus[0].ups",
        "there is no such UPS", None,
    ),
    (
        "site.yaml", "crah: crah-60,", "crah: chiller-60,", "name: z1", "cooling.zones[0].crah",
        "there is no such crah card", None,
    ),
    (
        "site.yaml", "crah_redundant: 1", "crah_redundant: 2", "name: z1",
        "cooling.zones[0].crah_redundant", "no air handler would be left", None,
    ),
    (
        "site.yaml", "    tower: tower-1300\n", "", "plant:", "cooling.plant",
        "a water-cooled chiller needs heat rejection", "add 'tower: …' or 'dry_cooler: …'",
    ),
    (
        "site.yaml", "  weather: weather.csv\n", "", "environment:", "environment",
        "a cooling plant needs weather", None,
    ),
    (
        "site.yaml", ", drives_power: true", "", "resources:", "resources",
        "exactly one resource must move the hosts along their power curve",
        "set 'drives_power: true' on one resource, usually cpu",
    ),
    (
        "site.yaml", "weather: weather.csv", "weather: wether.csv", "wether.csv",
        "environment.weather", "the file does not exist", "did you mean 'weather.csv'?",
    ),
    (
        "site.yaml", "overcommit: {cpu: 1.5}", "overcommit: {cpus: 1.5}", "name: silver",
        "sla_classes[1].overcommit.cpus", "there is no such resource", "did you mean 'cpu'?",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "piece", "field", "what", "remedy"),
    BROKEN,
    ids=[f"{row[0]}-{row[4]}-{index}" for index, row in enumerate(BROKEN)],
)
def test_what_does_not_fit_together_is_told_once_on_its_line(
    small: Any, file: str, old: str, new: str, piece: str, field: str, what: str,
    remedy: str | None,
) -> None:  # fmt: skip
    """One slip, one message: file, line, field, and the nearest right name."""
    small.edit(file, old, new)
    problem = small.problem()
    assert problem.file == str(small.path / file)
    assert problem.line == small.line(file, piece)
    assert (problem.field, problem.what) == (field, what)
    if remedy is not None:
        assert problem.remedy == remedy


def test_mistakes_of_all_files_are_told_together(small: Any) -> None:
    """Tables, references and policies in one go."""
    small.edit("hosts.csv", "h1,r1,", "h1,r9,")
    small.edit("workloads.csv", "16384", "-5")
    small.edit("demand.csv", "00:00,day,0.2", "00:00,day,20")
    small.edit("site.yaml", "services: [shop]", "services: [shp]")
    files = [problem.file.rsplit("/", 1)[-1] for problem in small.problems()]
    assert sorted(files) == ["demand.csv", "hosts.csv", "site.yaml", "workloads.csv"]


def test_a_table_without_names_does_not_spread_its_mistake(small: Any) -> None:
    """Nothing that refers to it is called unknown."""
    small.edit("racks.csv", "name,row", "nmae,row")
    problem = small.problem()
    assert (problem.field, problem.remedy) == ("nmae", "did you mean 'name'?")


def test_replicas_must_not_collide_with_other_workloads(small: Any) -> None:
    """``web-1`` cannot be both a replica and a workload of its own."""
    small.edit("workloads.csv", "etl,lake", "web-1,lake")
    problem = small.problem()
    assert (problem.line, problem.what) == (4, "is also the name of a replica")


def test_a_flood_of_replicas_is_refused_before_memory_is_full(small: Any) -> None:
    """A slip of two keys is no reason to unfold millions of rows."""
    rows = "".join(f"x{i},shop,,100000,,1,1\n" for i in range(60))
    small.write("workloads.csv", f"name,service,profile,replicas,labels,cpu,memory\n{rows}")
    found = [problem.what for problem in small.problems()]
    assert "the replicas add up to 6,000,000 workloads" in found


@pytest.mark.parametrize(
    ("policy", "field", "what"),
    [
        ("kind: isolation, each: {label: zoen}", "each.label", "no such workload label"),
        ("kind: group_capacity, each: all, resource: cpus", "resource", "no such resource"),
        ("kind: survive_domain, resources: [cpus]", "resources[0]", "no such resource"),
        ("kind: free_units, size: {cpus: 1}, count: 1", "size.cpus", "no such resource"),
        ("kind: licence, workloads: {}, limit: 1, units_label: cores", "units_label",
         "no such host label"),
        ("kind: residency, classes: [{name: mail}], access_label: acess", "access_label",
         "no such host label"),
        ("kind: safety_capacity, resource: cpus, soft: {weight: 1}", "resource",
         "no such resource"),
        ("kind: response_time, resource: cpus, service_ms: 1, limit_ms: 2", "resource",
         "no such resource"),
        ("kind: availability, target: 0.99, components: [pduu]", "components[0]",
         "no such component"),
        ("kind: availability, target: 0.99, components: [pdu], server: box", "server",
         "no such component"),
        ("kind: flow, limit_mbit_s: 1, traffic: [{sender: shop, receiver: shpo, mbit_s: 1}]",
         "traffic[0].receiver", "no such service"),
        ("kind: latency, limit_ms: 5, users: [rome]", "place_label", "no such host label"),
        ("kind: latency, limit_ms: 5, services: [shpo], place_label: ssd", "services[0]",
         "no such service"),
        ("kind: latency, limit_ms: 5, services: [shop], place_label: ssd, "
         "distances: [{a: 'yes', b: yess, ms: 1}]", "distances[0].b",
         "no such value of the host label 'ssd'"),
        ("kind: latency, limit_ms: 5, services: [shop], place_label: ssd, "
         "distances: [{a: 'yes', b: 'yes', ms: 1}]", "distances[0]", "ends where it begins"),
        ("kind: latency, limit_ms: 5, services: [shop], place_label: ssd, "
         "distances: [{a: 'yes', b: 'yes', ms: -1}]", "distances[0].ms", "too small"),
        ("kind: routing_latency, limit_ms: 5, place_label: ssd, "
         "routes: [{sender: shop, receiver: lke}]", "routes[0].receiver", "no such service"),
        ("kind: routing_latency, limit_ms: 5, place_label: sdd, "
         "routes: [{sender: shop, receiver: lake}]", "place_label", "no such host label"),
        ("kind: routing_latency, limit_ms: 5, percentile: 100, place_label: ssd, "
         "routes: [{sender: shop, receiver: lake}]", "percentile", "too large"),
        ("kind: any_of, rules: [{kind: ban, name: a, hosts: {}}, "
         "{kind: drain, name: b, hosts: {racks: [zzz]}}]", "rules[1].hosts.racks[0]",
         "no such rack"),
    ],
)  # fmt: skip
def test_further_kinds_are_checked_against_the_site(
    small: Any, policy: str, field: str, what: str
) -> None:
    """What a policy groups by, counts and sums up has to exist, else it would mean nothing."""
    small.write("study.yaml", f"policies:\n  - {{name: one, {policy}}}\n")
    found = small.problems()
    assert [(p.field, what in p.what) for p in found] == [(f"policies[0].{field}", True)]


def test_ways_between_places_have_to_be_given(small: Any) -> None:
    """An average needs all of them, or leave to count what is not known; none is told twice."""
    hosts = "h1,r1,lenovo-sr665,on,ssd=yes,\nh2,r1,own-box,on,ssd=no,65536\n"
    small.edit("hosts.csv", "h1,r1,lenovo-sr665,on,ssd=yes,\nh2,r1,own-box,on,,65536\n", hosts)
    common = "limit_ms: 5, place_label: ssd, routes: [{sender: shop, receiver: lake}]"
    policy = f"policies:\n  - {{name: one, kind: routing_latency, {common}}}\n"
    small.write("study.yaml", policy)
    assert [(p.field, p.what) for p in small.problems()] == [
        ("policies[0].distances", "no way is given between no and yes")
    ]
    small.write("study.yaml", policy.replace("ssd,", "ssd, unknown_ms: 20,"))
    small.read()
    ways = "ssd, distances: [{a: 'no', b: 'yes', ms: 1}, {a: 'yes', b: 'no', ms: 2}],"
    small.write("study.yaml", policy.replace("ssd,", ways))
    assert [(p.field, p.what) for p in small.problems()] == [
        ("policies[0].distances[1].ms", "the way between yes and no is given twice, also as 1 ms")
    ]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("users: [rome], services: [shop]", "give users or services"),
        ("near_to: all", "near_to is about services"),
    ],
)
def test_latency_is_about_users_or_services(small: Any, policy: str, words: str) -> None:
    """Both in one policy would leave open which of them the limit is about."""
    small.write("study.yaml", f"policies:\n  - {{name: a, kind: latency, limit_ms: 5, {policy}}}\n")
    assert any(words in problem.what for problem in small.problems())


def test_services_are_not_combined(small: Any) -> None:
    """A combination is about where single workloads run."""
    inner = (
        "{kind: latency, name: b, limit_ms: 5, services: [shop]}, {kind: ban, name: c, hosts: {}}"
    )
    small.write("study.yaml", f"policies:\n  - {{name: a, kind: any_of, rules: [{inner}]}}\n")
    assert any("several workloads at once" in problem.what for problem in small.problems())


def test_mistakes_of_a_budget_are_told_at_once(small: Any) -> None:
    """Measure, number and hours are each explained."""
    wrong = "kind: budget, name: b, measure: enrgy, limit: -4, from_hour: 24"
    small.write(
        "study.yaml",
        f"policies:\n  - {{{wrong}}}\n  - {{kind: budget, name: c, limit: 1, "
        "from_hour: 5, until_hour: 5}\n",
    )
    found = {(problem.field, problem.what) for problem in small.problems()}
    assert ("policies[0].measure", "is not one of the choices") in found
    assert ("policies[0].limit", "is too small") in found
    assert ("policies[0].from_hour", "is too large") in found
    assert any("no hour lies between 5 and 5 o'clock" in what for _, what in found)


def test_a_rule_by_tenant_needs_tenants(small: Any) -> None:
    """On a site whose services name none it would silently mean nothing."""
    small.write("services.csv", "name,sla_class\nshop,gold\nbatch,silver\n")
    small.write("study.yaml", "policies:\n  - {name: one, kind: isolation_limit, limit: 1}\n")
    problems = [p for p in small.problems() if p.field == "policies[0].each"]
    assert [p.what for p in problems] == ["no service of the site has a tenant"]


def test_study_policies_are_checked_against_the_site(small: Any) -> None:
    """Names, duplicates and the policies that ``not_worse`` speaks of."""
    small.write(
        "study.yaml",
        "policies:\n"
        "  - {name: apart, kind: max_moves, limit: 3}\n"
        "  - {name: gently, kind: not_worse, policies: [fencd]}\n"
        "  - {name: empty-it, kind: drain, hosts: {racks: [r7]}}\n",
    )
    found = [(p.line, p.field) for p in small.problems()]
    assert found == [
        (2, "policies[0].name"),
        (3, "policies[1].policies[0]"),
        (4, "policies[2].hosts.racks[0]"),
    ]


def test_mistakes_of_study_and_site_are_told_together(small: Any) -> None:
    """One reading for both documents."""
    small.write("study.yaml", "horizon: {hours: 0}\n")
    small.edit("site.yaml", "name: small", "nam: small")
    files = {problem.file.rsplit("/", 1)[-1] for problem in small.problems()}
    assert files == {"site.yaml", "study.yaml"}


def test_a_folder_without_site_says_so(tmp_path: Any) -> None:
    """With what was found instead."""
    (tmp_path / "sites.yaml").write_text("name: x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"the folder holds no site\.yaml") as caught:
        read_site(tmp_path)
    assert caught.value.problems[0].value == "sites.yaml"
    with pytest.raises(InputError, match="does not exist"):
        read_study(tmp_path / "nowhere.yaml")


GPU_SITE = """\
name: gpus
resources:
  - {name: cpu, unit: millicore, drives_power: true}
  - {name: memory, unit: MiB}
  - {name: gpu, unit: milli, device_size: 1000}
"""


def _gpu_site(small: Any, hosts: str, workloads: str) -> Any:
    small.write("site.yaml", GPU_SITE)
    small.write("racks.csv", "name\nr1\n")
    small.write("hosts.csv", f"name,rack,card,gpu\n{hosts}")
    small.write("workloads.csv", f"name,service,cpu,memory,gpu\n{workloads}")
    small.write("placement.csv", "workload,host\n")
    return small


def test_hosts_without_devices_have_none(small: Any) -> None:
    """Cards without GPUs need not say so; the default is noted."""
    hosts = "h1,r1,generic-t4-2,\nh2,r1,lenovo-sr665,\n"
    site = _gpu_site(small, hosts, "a,s,1,1,500\n").read()
    assert site.hosts["gpu"].tolist() == [2000, 0]
    assert "hosts.csv: gpu = 0 on 1 host" in site.defaults_used


def test_devices_are_whole_and_not_more_than_the_card_has(small: Any) -> None:
    """2.5 devices, and five on a card of two."""
    hosts = "h1,r1,generic-t4-2,1500\nh2,r1,generic-t4-2,5000\n"
    odd, more = _gpu_site(small, hosts, "a,s,1,1,500\n").problems()
    assert (odd.line, odd.what) == (2, "is not a whole number of devices")
    assert (more.line, more.what) == (3, "the card generic-t4-2 has only 2 GPUs")


def test_requests_for_parts_of_several_devices_are_refused(small: Any) -> None:
    """Shares fit on one device, larger requests take whole ones."""
    problem = _gpu_site(small, "h1,r1,generic-t4-2,\n", "a,s,1,1,2000\nb,s,1,1,1500\n").problem()
    assert (problem.line, problem.what) == (3, "asks for a part of several devices")


def test_gpu_models_of_cards_are_host_labels(small: Any) -> None:
    """A policy may require the model without any label column."""
    _gpu_site(small, "h1,r1,generic-t4-2,\n", "a,s,1,1,500\n")
    policy = "policies:\n  - {name: t4, kind: require_label, label: gpu_model, values: [%s]}\n"
    small.write("site.yaml", GPU_SITE + policy % "T4")
    assert small.read().hosts["gpu"][0] == 2000
    small.write("site.yaml", GPU_SITE + policy % "T5")
    assert small.problem().expected == "one of T4"


def test_an_epw_file_is_weather_too(small: Any) -> None:
    """Recognised by its name; a broken one is told like any other file."""
    small.write("site.epw", "LOCATION,x\n")
    small.edit("site.yaml", "weather: weather.csv", "weather: site.epw")
    problem = small.problem()
    assert problem.what == "is not an EPW weather file"
