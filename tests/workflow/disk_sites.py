"""A small site on disk, written by the test: four hosts, two feeds, one cooling zone, a day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SITE = """\
format: dcopt.site/1
name: Test hall
currency: EUR
resources:
  - {name: cpu, unit: millicore, drives_power: true}
  - {name: memory, unit: MiB}
equipment:
  - kind: server
    name: plain
    curve_w: [100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200]
    capacity: {cpu: 1000, memory: 4096}
  - {kind: pdu, name: strip, rating_kw: 5, no_load_fraction: 0.01, proportional_fraction: 0.01,
     square_fraction: 0.0}
  - {kind: ups, name: box, rating_kw: 5, no_load_fraction: 0.01, proportional_fraction: 0.02,
     square_fraction: 0.02}
  - {kind: crah, name: fan, rated_cooling_kw: 10, rated_flow_m3_s: 2, rated_fan_kw: 0.5}
power:
  feeds: [{name: A, rating_kw: 5}, {name: B, rating_kw: 5}]
  ups: [{name: UA, card: box, feed: A}, {name: UB, card: box, feed: B}]
  pdus: [{name: PA, card: strip, ups: UA}, {name: PB, card: strip, ups: UB}]
cooling:
  zones: [{name: hall, crah: fan, crah_count: 2, crah_redundant: 1}]
environment: {price_per_kwh: 0.2, carbon_g_per_kwh: 300}
tables: {services: services.csv, demand: demand.csv}
sla_classes: [{name: gold, peak: true}, {name: bronze}]
policies:
  - {kind: domain_capacity, name: rack-power, domain: rack, resource: power}
  - {kind: redundant_feed, name: one-feed-lost}
  - kind: anti_affinity
    name: apart
    why: one host may fail
    workloads: {sla_classes: [gold]}
"""
HOSTS = "name,rack,card\nh1,r1,plain\nh2,r1,plain\nh3,r2,plain\nh4,r2,plain\n"
RACKS = "name,row,zone,pdu_a,pdu_b,power_limit_kw\nr1,row-1,hall,PA,PB,1\nr2,row-1,hall,PA,PB,1\n"
SERVICES = "name,sla_class\nshop,gold\nbatch,bronze\n"
WORKLOADS = (
    "name,service,profile,replicas,cpu,memory\n"
    "web,shop,day,2,200,512\n"
    "job,batch,night,4,150,256\n"
)  # fmt: skip
PLACEMENT = "workload,host\nweb-1,h1\nweb-2,h2\njob-1,h3\njob-2,h3\njob-3,h4\njob-4,h4\n"
HOURS = range(24)
DEMAND = "time,profile,cpu\n" + "".join(
    f"{hour:02d}:00,{profile},{busy if (8 <= hour < 20) == (profile == 'day') else 0.2}\n"
    for profile, busy in (("day", 0.9), ("night", 0.8))
    for hour in HOURS
)
FILES = {
    "site.yaml": SITE,
    "hosts.csv": HOSTS,
    "racks.csv": RACKS,
    "services.csv": SERVICES,
    "workloads.csv": WORKLOADS,
    "placement.csv": PLACEMENT,
    "demand.csv": DEMAND,
    "study.yaml": "format: dcopt.study/1\nname: nightly\nsolver: {time_limit_s: 5}\n",
}


def write_site(folder: Path, replace: Sequence[tuple[str, str, str]] = ()) -> Path:
    """Write the site; each (file, old, new) breaks or changes one place of it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = dict(FILES)
    for name, old, new in replace:
        assert old in files[name], f"{old!r} is not in {name}"
        files[name] = files[name].replace(old, new)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
