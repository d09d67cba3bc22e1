"""A small correct site that tests break in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from optimiser.errors import InputError, Problem
from optimiser.library.site import SiteInput, read_study

FILES = {
    "site.yaml": """\
name: small
location: {time_zone: Europe/Helsinki}
resources:
  - {name: cpu, unit: millicore, drives_power: true}
  - {name: memory, unit: MiB}
power:
  feeds:
    - {name: A, transformer: transformer-dry-300}
    - {name: B, rating_kw: 0.3 MW}
  ups:
    - {name: UA, card: ups-modern-100, feed: A}
    - {name: UB, card: ups-modern-100, feed: B}
  pdus:
    - {name: PA, card: pdu-22, ups: UA}
cooling:
  zones:
    - {name: z1, crah: crah-60, crah_count: 2, crah_redundant: 1}
  plant:
    chiller: york-yt-1055
    chiller_count: 2
    chilled_water_pump: pump-chilled-water
    tower: tower-1300
environment:
  weather: weather.csv
  price_per_kwh: prices.csv
tables: {services: services.csv, demand: demand.csv, pdus: pdus.csv}
sla_classes:
  - {name: gold, peak: true}
  - {name: silver, overcommit: {cpu: 1.5}}
policies:
  - {name: apart, kind: spread, workloads: {services: [shop]}, max_per_domain: 1}
  - {name: fenced, kind: fence, workloads: {labels: {tier: db}}, hosts: {labels: {ssd: "yes"}}}
equipment:
  - kind: server
    name: own-box
    curve_w: [50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150]
    capacity: {cpu: 16000}
""",
    "hosts.csv": """\
name,rack,card,state,labels,memory
h1,r1,lenovo-sr665,on,ssd=yes,
h2,r1,own-box,on,,65536
h3,r2,own-box,off,,65536
""",
    "racks.csv": """\
name,row,zone,pdu_a,pdu_b,power_limit_kw
r1,a,z1,PA,PB,11
r2,a,z1,PA,PB,
""",
    "services.csv": "name,sla_class,tenant\nshop,gold,acme\nlake,silver,\n",
    "workloads.csv": """\
name,service,profile,replicas,labels,cpu,memory
web,shop,day,2,,2000,4096
db,shop,,1,tier=db,4000,16384
etl,lake,night,,,8000,8192
""",
    "placement.csv": "workload,host\nweb-1,h1\nweb-2,h2\ndb,h1\n",
    "demand.csv": """\
time,profile,cpu
00:00,day,0.2
12:00,day,1
00:00,night,1
12:00,night,0.1
""",
    "pdus.csv": "name,card,ups\nPB,pdu-22,UB\n",
    "weather.csv": """\
time,dry_bulb_c,wet_bulb_c
2025-01-01T00:00,1.5,0.5
2025-01-01T01:00,1.0,0.4
2025-01-01T02:00,0.5,0.2
""",
    "prices.csv": "time,price_per_kwh\n00:00,0.10\n07:00,0.22\n",
}


@dataclass(frozen=True)
class SiteFolder:
    """A site on disk that a test changes and reads."""

    path: Path

    def write(self, file: str, text: str) -> None:
        """Replace a whole file."""
        (self.path / file).write_text(text, encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a piece of a file; it must be there."""
        text = (self.path / file).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        self.write(file, text.replace(old, new, 1))

    def line(self, file: str, piece: str) -> int:
        """Return the line on which a piece of text stands."""
        lines = (self.path / file).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if piece in line)

    def read(self) -> SiteInput:
        """Read the site."""
        return read_study(self.path)[1]

    def problems(self) -> list[Problem]:
        """Read the site and return what is wrong with it."""
        with pytest.raises(InputError) as caught:
            read_study(self.path)
        return list(caught.value.problems)

    def problem(self) -> Problem:
        """Return the one thing that is wrong."""
        found = self.problems()
        assert len(found) == 1, "\n".join(map(str, found))
        return found[0]


@pytest.fixture
def small(tmp_path: Path) -> SiteFolder:
    """Return a correct site of three hosts."""
    folder = SiteFolder(tmp_path)
    for file, text in FILES.items():
        folder.write(file, text)
    return folder
