"""``dcopt report SITE --period``, ``report verify`` and ``explain PUE`` on a site on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.generators.meters import make_meters
from optimiser.cli.app import run

REPORTING = """\
boundary: Hall 1 with its plant, behind the main meters.
facility:
  name: Example DC
  owner: {name: Example Owner}
  operator: {name: Example Operator}
  kind: enterprise
  country: DE
  start: 2019-05
  rated_it_kw: 4500
  rated_connection_kw: 6000
time_zone: Europe/Berlin
jurisdictions: [EU, DE]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The small site with a reporting document and forty meters by the hour in 2025."""
    folder = tmp_path_factory.mktemp("report") / "site"
    assert run(["init", str(folder), "--site", "small", "-q"]) == 0
    make_meters(folder / "gen", 40, minutes=60, year=2025)
    text = REPORTING + "meters: {table: gen/meters.csv}\n"
    (folder / "reporting.yaml").write_text(text, encoding="utf-8")
    return folder


def answer(capsys, *words: object) -> tuple[int, dict]:
    """Run a call and return its exit code and its JSON."""
    capsys.readouterr()
    code = run([*map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_period_is_reported_from_its_meters(site, capsys):
    """The draft holds every format; exit code 4 exactly when a gate was not passed."""
    code, told = answer(capsys, "report", site, "--period", "2025")
    assert (code == 4) == bool(told["not_passed"]) and code in (0, 4)
    names = set(told["files"])
    assert {"disclosure.json", "datapoints.csv", "disclosure.xlsx", "disclosure.html"} <= names
    pue = [f for f in told["figures"] if f["metric"] == "PUE"]
    assert pue and all(f["class"] in ("MEASURED", "INTERPOLATED") for f in pue)
    document = json.loads((Path(told["folder"]) / "disclosure.json").read_text())
    assert len(document["outputs"]) == 18
    assert document["schema"] == "dcopt.disclosure/1"


def test_the_model_reports_without_any_meter(site, capsys):
    """--basis model simulates the site; every figure is MODELLED and stands in its own table."""
    code, told = answer(
        capsys, "report", site, "--period", "2025-05", "--basis", "model", "--framework", "iso30134"
    )
    assert code == 0
    assert {f["class"] for f in told["figures"]} == {"MODELLED"}
    document = json.loads((Path(told["folder"]) / "disclosure.json").read_text())
    assert "ghg_inventory" not in document["outputs"]


def test_freeze_and_verify_from_the_command_line(site, capsys):
    """A frozen version verifies; a touched one leaves with exit code 6."""
    code, told = answer(
        capsys, "report", site, "--period", "2025-01", "--framework", "iso30134", "--freeze"
    )
    assert code in (0, 4) and told["version"] == 1
    code, found = answer(capsys, "report", "verify", told["folder"])
    assert (code, found["holds"]) == (0, True)
    page = Path(told["folder"]) / "disclosure.html"
    page.chmod(0o644)
    page.write_text(page.read_text() + " ")
    code, found = answer(capsys, "report", "verify", told["folder"])
    assert (code, found["touched"]) == (6, ["disclosure.html"])


def test_explain_goes_down_to_the_register(site, capsys):
    """Each series of PUE names its line in the register and the file of its values."""
    code, told = answer(capsys, "explain", "PUE", "--period", "2025-01", "--site", site)
    assert code == 0
    one = next(i for i in told["indicators"] if i["indicator"] == "iPUE")
    assert any(line.startswith("denominator: e_it") for line in one["arithmetic"])
    assert all(s["place"].startswith("gen/meters.csv:") for s in one["series"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--freeze"], 2, "only with a site and --period"),
        ([], 2, "--period 2025"),
        (["--period", "20x6"], 2, "not a period"),
        (["--period", "2025", "--framework", "eeed"], 2, "did you mean 'eed'"),
        (["--period", "2025", "--format", "jsn"], 2, "did you mean 'json'"),
        (["--period", "2025", "--ruleset", "DE-EnEfG-2032"], 2, "DE-EnEfG-2023"),
        (["--period", "2099", "--freeze", "--basis", "model"], 4, "is settled on"),
    ],
)
def test_wrong_calls_say_what_is_wrong(site, capsys, words, code, told):
    """Each mistake of the call has its exit code and its remedy; nothing is written."""
    before = sorted(site.rglob("v*"))
    capsys.readouterr()
    assert run(["report", str(site), *words]) == code
    assert told in capsys.readouterr().err
    assert sorted(site.rglob("v*")) == before


def test_all_mistakes_of_the_input_are_told_at_once(site, capsys, tmp_path):
    """A factor and a ledger that do not exist are told together, with line and remedy."""
    import shutil

    broken = shutil.copytree(site, tmp_path / "broken")
    text = (broken / "reporting.yaml").read_text()
    text += "factors: {fuel: diesel-minral-2025}\ninstruments: lots.csv\n"
    (broken / "reporting.yaml").write_text(text)
    code, told = answer(capsys, "report", broken, "--period", "2025")
    assert code == 3 and len(told["problems"]) == 2
    factor = next(p for p in told["problems"] if p["field"] == "factors.fuel")
    assert factor["line"] == 14 and "diesel-mineral-2025" in factor["remedy"]


def test_a_rule_that_is_not_met_fails_only_when_asked_to(site, capsys):
    """The site of 2019 is far above 1.3 by mid 2030: told always, exit code 4 with --fail-on."""
    words = ("report", site, "--period", "2025", "--as-of", "2030-08-01", "--framework", "enefg")
    code, told = answer(capsys, *words)
    assert code == 0 and told["failed_rules"] and not told["fails_rules"]
    failed = told["failed_rules"]
    code, told = answer(capsys, *words, "--fail-on", "rules")
    assert code == 4 and told["fails_rules"] and told["failed_rules"] == failed


def test_readings_that_came_later_do_not_count_as_of_a_day(site, capsys, tmp_path):
    """A correction received in March is not in the report as of February, and in it afterwards."""
    import shutil

    folder = shutil.copytree(site, tmp_path / "late")
    (folder / "gen" / "meters.csv").write_text(
        "meter,role,kind,unit,file\ngrid,e_grid,amount,kWh,e.csv\nit,e_it_ups,amount,kWh,i.csv\n"
    )
    days = [f"2025-01-{day:02d}T{hour:02d}:00Z" for day in range(1, 31) for hour in range(24)]
    days = ["2024-12-31T23:00Z", *days, *(f"2025-01-31T{hour:02d}:00Z" for hour in range(23))]
    rows = [f"{moment},{{}},2025-02-01T06:00Z" for moment in days]
    grid = [row.format(120) for row in rows]
    grid.append(f"{days[100]},860,2025-03-03T06:00Z")
    for name, lines in (("e", grid), ("i", [row.format(100) for row in rows])):
        text = "\n".join(["time,value,received", *lines, ""])
        (folder / "gen" / f"{name}.csv").write_text(text, encoding="utf-8")
    words = ("report", folder, "--period", "2025-01", "--framework", "iso30134")
    found = {}
    for day in ("2025-02-10", "2025-03-10"):
        _, told = answer(capsys, *words, "--as-of", day)
        pue = next(f for f in told["figures"] if f["metric"] == "iPUE")
        found[day] = pue["value"]
    hours = len(days)
    assert found["2025-02-10"] == pytest.approx(1.2)
    assert found["2025-03-10"] == pytest.approx((120 * hours + 740) / (100 * hours))


def test_the_demo_has_a_whole_capacity_plan_and_every_hour_of_the_year(capsys, tmp_path):
    """No gate of the plan is missed; 24/7 matching has 8,760 rows."""
    folder = tmp_path / "demo"
    assert run(["init", str(folder), "--site", "demo", "-q"]) == 0
    code, told = answer(
        capsys, "report", folder, "--period", "2025", "--framework", "iso20000,ghgp"
    )
    assert code == 0 and told["not_passed"] == []
    lines = Path(told["folder"], "csv", "cfe_hourly.csv").read_text().splitlines()
    assert len(lines) == 1 + 8760
    assert Path(told["folder"], "csv", "capacity_orders.csv").is_file()
    (folder / "reporting.yaml").write_text(
        (folder / "reporting.yaml").read_text().replace("  resources: capacity.csv\n", "")
        .replace("  demand: capacity-demand.csv\n", "")
    )  # fmt: skip
    code, told = answer(capsys, "report", folder, "--period", "2025", "--framework", "iso20000")
    assert code == 4
    assert any("human" in one for one in map(str, told["not_passed"]))


@pytest.mark.slow
def test_order_of_rows_and_later_readings_change_no_byte(capsys, tmp_path):
    """Register, readings and ledgers shuffled, readings of another year added: the same files."""
    import random

    plain, mixed = tmp_path / "plain", tmp_path / "mixed"
    for folder in (plain, mixed):
        assert run(["init", str(folder), "--site", "demo", "-q"]) == 0
    rng = random.Random(7)
    for name in ("meters.csv", "readings-2025.csv", "instruments.csv", "assets.csv"):
        head, *rows = (mixed / name).read_text(encoding="utf-8").splitlines()
        rng.shuffle(rows)
        if name.startswith("readings"):
            later = sorted(rows)[-1]
            rows.insert(3, later.replace("2025-", "2027-", 1))
        (mixed / name).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    folders = []
    for folder in (plain, mixed):
        code, told = answer(capsys, "report", folder, "--period", "2025", "--framework", "eed,ghgp")
        assert code in (0, 4)
        folders.append(Path(told["folder"]))
    names = [p.relative_to(folders[0]) for p in folders[0].rglob("*") if p.is_file()]
    differ = [n for n in names if (folders[0] / n).read_bytes() != (folders[1] / n).read_bytes()]
    assert sorted(map(str, differ)) == ["assurance.zip", "manifest.json", "run.json"]


@pytest.mark.slow
def test_hostile_text_of_a_site_acts_nowhere_and_nothing_claims_too_much(capsys, tmp_path):
    """Formulas and tags in names and ledgers are text in every file; no file has a claim."""
    import csv
    import io
    import zipfile

    from optimiser.report.disclosure.words import claims_in

    openpyxl = pytest.importorskip("openpyxl")
    folder = tmp_path / "site"
    assert run(["init", str(folder), "--site", "demo", "-q"]) == 0
    text = (folder / "reporting.yaml").read_text(encoding="utf-8")
    text = text.replace("name: Demo data centre", "name: \"=cmd|' /C calc'!A0\"")
    text = text.replace("name: Demo Ltd", 'name: "<script>alert(1)</script>;=1+1"')
    (folder / "reporting.yaml").write_text(text, encoding="utf-8")
    code, told = answer(capsys, "report", folder, "--period", "2025")
    assert code == 0
    out = Path(told["folder"])
    page = (out / "disclosure.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page
    for path in (*out.glob("csv/*.csv"), out / "datapoints.csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")):
            for cell in row:
                assert _is_number(cell) or not cell.startswith(("=", "+", "-", "@")), (path, cell)
    book = openpyxl.load_workbook(out / "disclosure.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert any(cell.value == "=cmd|' /C calc'!A0" and cell.quotePrefix for cell in cells)
    files = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for name in ("assurance.zip", "disclosure.xlsx"):
        with zipfile.ZipFile(io.BytesIO(files.pop(name))) as archive:
            files |= {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}
    assert {
        n: c for n, data in files.items() if (c := claims_in(data.decode(errors="ignore")))
    } == {}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_a_claim_in_the_site_is_an_input_mistake(capsys, tmp_path):
    """A boundary that says 'carbon neutral' is refused, and nothing is written."""
    folder = tmp_path / "site"
    assert run(["init", str(folder), "--site", "demo", "-q"]) == 0
    text = (folder / "reporting.yaml").read_text(encoding="utf-8")
    text = text.replace("boundary: Rooms", "boundary: Carbon neutral rooms")
    (folder / "reporting.yaml").write_text(text, encoding="utf-8")
    code, told = answer(capsys, "report", folder, "--period", "2025")
    assert code == 3 and told["problems"][0]["field"] == "reporting.boundary"
    assert not (folder / "reports").exists()
