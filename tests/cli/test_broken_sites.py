"""A stranger breaks the site in many ways and is told each time what to mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optimiser.cli.app import run
from tests.workflow.disk_sites import write_site

BREAKS = {
    "misspelt field": ("site.yaml", "currency: EUR", "curency: EUR", "did you mean 'currency'?"),
    "wrong kind": ("site.yaml", "kind: redundant_feed", "kind: redundant_fed", "redundant_feed"),
    "wrong number": ("site.yaml", "crah_count: 2", "crah_count: two", "zones[0].crah_count"),
    "tab in YAML": ("site.yaml", "  zones: [", "\tzones: [", "site.yaml:"),
    "unknown card": ("hosts.csv", "h4,r2,plain", "h4,r2,plian", "did you mean 'plain'?"),
    "unknown rack": ("hosts.csv", "h3,r2,", "h3,r9,", "r9"),
    "unknown PDU": ("racks.csv", "r2,row-1,hall,PA", "r2,row-1,hall,PX", "PX"),
    "host twice": ("hosts.csv", "h2,r1,plain", "h1,r1,plain", "h1"),
    "negative request": ("workloads.csv", "4,150,256", "4,-150,256", "-150"),
    "unknown profile": ("workloads.csv", "job,batch,night", "job,batch,nihgt", "did you mean"),
    "placed nowhere": ("placement.csv", "job-4,h4", "job-4,h44", "h44"),
    "share above one": ("demand.csv", "08:00,day,0.9", "08:00,day,1.9", "1.9"),
    "missing column": ("workloads.csv", ",cpu,memory", ",cpu,memry", "memory"),
    "unknown class": ("services.csv", "shop,gold", "shop,golden", "did you mean 'gold'?"),
    "study out of range": ("study.yaml", "time_limit_s: 5", "time_limit_s: -5", "time_limit_s"),
    "unit of another kind": ("site.yaml", "rating_kw: 5, no", "rating_kw: 5 l, no", "write W, kW"),
    "comma for a point": (
        "site.yaml", "    capacity: {cpu", "    idle_scale: 1,2\n    capacity: {cpu", "write 1.2"
    ),
    "no finite number": ("site.yaml", "price_per_kwh: 0.2", "price_per_kwh: .nan", "not a finite"),
    "share as percentage": (
        "site.yaml", "policies:\n", "policies:\n  - {kind: headroom, name: r, resource: cpu, "
        "fraction: 10}\n", "if this is a percentage, write 0.1",
    ),
    "feed twice": ("site.yaml", "{name: B, rating", "{name: A, rating", "given twice"),
    "key twice": ("site.yaml", "currency: EUR", "currency: EUR\ncurrency: EUR", "remove one"),
    "UPS fed by itself": ("site.yaml", "card: box, feed: B", "card: box, feed: UB", "A, B"),
    "unclosed quote": ("site.yaml", "name: Test hall", 'name: "Test hall', "close it"),
    "no space after colon": ("site.yaml", "currency: EUR", "currency:EUR", "currency:EUR"),
    "blank that is none": (
        "site.yaml", "  - kind: server", "\u00a0 - kind: server", "looks like a space"
    ),
    "no such time zone": (
        "site.yaml", "currency: EUR", "currency: EUR\nlocation: {time_zone: Europe/Helsinky}",
        "did you mean 'Europe/Helsinki'?",
    ),
    "one PDU for both sides": ("racks.csv", "r1,row-1,hall,PA,PB", "r1,row-1,hall,PA,PA", "side A"),
    "wrong header": ("hosts.csv", "name,rack,card", "name,rak,card", "did you mean 'rack'?"),
    "no header": ("hosts.csv", "name,rack,card\n", "", "names none of the columns"),
    "column too many": ("hosts.csv", "name,rack,card", "name,rack,card,owner", "all 4 rows have 3"),
    "value missing": ("racks.csv", "hall,PA,PB,1\nr2", "hall,PA,PB\nr2", "wrong number of values"),
    "unclosed quote in CSV": ("services.csv", "shop,gold", '"shop,gold', "never closed"),
    "semicolons": ("services.csv", "name,sla_class", "name;sla_class", "commas"),
    "no number": ("workloads.csv", "2,200,512", "2,plenty,512", "is not a number"),
    "amount with a unit": ("workloads.csv", "2,200,512", "2,200,2GB", "2048 if 2 GiB is meant"),
    "thousands with a point": ("workloads.csv", "2,200,512", "2,200,1.024", "write 1024"),
    "far too large": ("workloads.csv", "2,200,512", "2,200,5e30", "at most 9,007,199,254,740,992"),
    "no replicas": ("workloads.csv", "day,2,200", "day,0,200", "a whole number from 1"),
    "not a number in demand": ("demand.csv", "08:00,day,0.9", "08:00,day,NaN", "is not a number"),
    "hour missing": ("demand.csv", "08:00,day,0.9\n", "", "08:00 missing"),
    "no time of day": ("demand.csv", "08:00,day", "28:00,day", "is not a time of day"),
    "placed twice": ("placement.csv", "web-2,h2", "web-1,h2", "first on line 2"),
    "date the wrong way round": (
        "study.yaml", "solver:", "horizon: {start: 31.01.2026}\nsolver:", "write 2026-01-31T00:00"
    ),
    "date as a number": (
        "study.yaml", "solver:", "horizon: {start: 20260131}\nsolver:", "is a number"
    ),
    "day that does not exist": (
        "study.yaml", "solver:", "horizon: {start: 2026-02-30T00:00}\nsolver:", "not a date"
    ),
    "another offset than there is": (
        "study.yaml", "solver:", "horizon: {start: '2026-01-31T00:00+29:00'}\nsolver:", "not a date"
    ),
    "thousand years": (
        "study.yaml", "solver:", "horizon: {hours: 8.76e6}\nsolver:", "at most 87600"
    ),
    "periods that do not fit": (
        "study.yaml", "solver:", "horizon: {hours: 24, step_minutes: 7}\nsolver:", "24 and 15"
    ),
    "unknown recipe": ("study.yaml", "solver:", "recipe: placment\nsolver:", "'placement'?"),
    "another site": ("study.yaml", "solver:", "site: ../there\nsolver:", "about another site"),
}  # fmt: skip

BYTES: dict[str, tuple[str, bytes | None, str]] = {
    "missing file": ("hosts.csv", None, "create it, or correct the path"),
    "empty table": ("hosts.csv", b"", "a header line"),
    "empty document": ("site.yaml", b"", "dcopt init"),
    "header alone": ("hosts.csv", b"name,rack,card\n", "has no rows"),
    "old encoding": ("services.csv", "name,sla_class\nkäse,gold\n".encode("latin-1"), "UTF-8"),
    "two bytes a letter": ("hosts.csv", "name,rack,card\n".encode("utf-16"), "UTF-16"),
    "spreadsheet": ("hosts.csv", b"PK\x03\x04" + bytes(range(256)), "export the sheet"),
    "text that is no document": ("site.yaml", b"hello\n", "lines of the form 'field: value'"),
}
"""What is broken -> file, its new content (``None`` deletes it), the word that helps."""


@pytest.mark.parametrize("name", BREAKS)
def test_each_mistake_is_told_with_its_place(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, the file with the line, and the word that helps; all on one screen."""
    file, old, new, hint = BREAKS[name]
    site = write_site(tmp_path / "site", [(file, old, new)])
    assert run(["check", str(site)]) == 3
    told = capsys.readouterr().err
    assert f"{file}:" in told
    assert hint in told
    assert "Traceback" not in told
    assert len(told.splitlines()) <= 24


@pytest.mark.parametrize("name", BYTES)
def test_a_file_that_is_none_of_ours_is_told(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One mistake, not what follows from it in every table that refers to the file."""
    file, content, hint = BYTES[name]
    site = write_site(tmp_path / "site")
    (site / file).unlink()
    if content is not None:
        (site / file).write_bytes(content)
    assert run(["check", str(site)]) == 3
    told = capsys.readouterr().err
    assert told.startswith("dcopt: 1 mistake in the input")
    assert file in told
    assert hint in told


def test_a_folder_in_place_of_a_table_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the field of site.yaml that names it."""
    site = write_site(tmp_path / "site")
    (site / "demand.csv").unlink()
    (site / "demand.csv").mkdir()
    assert run(["check", str(site)]) == 3
    assert "tables.demand: is a folder, not a file" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["site.yaml", "hosts.csv"])
def test_a_byte_order_mark_and_other_line_ends_do_no_harm(file: str, tmp_path: Path) -> None:
    """Editors and spreadsheets write them; nobody sees them."""
    site = write_site(tmp_path / "site")
    text = (site / file).read_bytes().replace(b"\n", b"\r\n")
    (site / file).write_bytes(b"\xef\xbb\xbf" + text)
    assert run(["check", str(site)]) == 0


def test_all_mistakes_come_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mistakes in several tables are told together, for machines with file and line each."""
    names = ("unknown card", "negative request", "unknown class", "share above one")
    site = write_site(tmp_path / "site", [BREAKS[name][:3] for name in names])
    assert run(["check", str(site), "--json"]) == 3
    answer = json.loads(capsys.readouterr().out)
    files = {Path(problem["file"]).name for problem in answer["problems"]}
    assert files == {"hosts.csv", "workloads.csv", "services.csv", "demand.csv"}
    assert all(isinstance(problem["line"], int) for problem in answer["problems"])


@pytest.mark.parametrize("path", ["nowhere", "empty"])
@pytest.mark.parametrize("verb", ["check", "simulate", "plan", "explain"])
def test_a_place_without_a_site_is_told(
    verb: str, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every verb that wants a site says that there is none, and what to do."""
    (tmp_path / "empty").mkdir()
    assert run([verb, str(tmp_path / path)]) == 3
    assert "mend:" in capsys.readouterr().err
