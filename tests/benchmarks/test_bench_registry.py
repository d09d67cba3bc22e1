"""Specs name what exists, results are kept by release, and the page shows them."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from benchmarks.machine import Stamp
from benchmarks.measure import measure, python
from benchmarks.outcome import Outcome
from benchmarks.registry import SPECS, Spec, chosen
from benchmarks.results import keep, show, write_page
from benchmarks.run import main

STAMP = Stamp("0.9.0", "2026-01-02", "abc1234", "a machine", "solver 1")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_each_spec_runs_a_function_with_its_options(spec: Spec) -> None:
    """The function a spec names exists and takes a folder and the spec's options."""
    module, name = spec.run.split(":")
    taken = signature(getattr(import_module(module), name)).parameters
    assert list(taken) == ["folder", *dict(spec.options)]


def test_names_are_unique_and_choose() -> None:
    """A name means one spec; without names the short ones are chosen, with --full all."""
    assert len({spec.name for spec in SPECS}) == len(SPECS)
    assert [spec.name for spec in chosen(["help"], False)] == ["help"]
    assert chosen([], True) == list(SPECS)
    assert 0 < len(chosen([], False)) < len(SPECS)


def test_the_page_has_every_release(tmp_path: Path) -> None:
    """A second release adds to the page; the same release again replaces its own figures."""
    page, history = tmp_path / "RESULTS.md", tmp_path / "results"
    keep(SPECS[0], Outcome([{"gap": 0.5, "note": "old"}], False), STAMP, history)
    keep(SPECS[0], Outcome([{"gap": 0.25, "note": "new"}], True, ("changed",)), STAMP, history)
    newer = replace(STAMP, release="0.10.0")
    keep(SPECS[0], Outcome([{"gap": 0.125, "note": "newest"}], True), newer, history)
    write_page(history, page)
    text = page.read_text(encoding="utf-8")
    assert "50.00%" not in text and "25.00%" in text and "- changed" in text
    assert text.index("**0.10.0**") < text.index("**0.9.0**")
    assert SPECS[0].command in text and "| ---: | --- |" in text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("gap_at_end", 0.0123, "1.23%"),
        ("kwh", 27271.4, "27,271"),
        ("cpu_s", 0.0781, "0.078"),
        ("bound", None, "–"),
        ("hosts_on", 50, "50"),
    ],
)
def test_values_as_text(name: str, value: float | None, text: str) -> None:
    """Gaps are percentages, large numbers are grouped, what is unknown is a dash."""
    assert show(name, value) == text


def test_a_command_that_fails_is_told(tmp_path: Path) -> None:
    """A measured command that ends badly stops the benchmark with its message."""
    with pytest.raises(RuntimeError, match="no such thing"):
        measure(python("-c", "raise SystemExit('no such thing')"))


def test_processor_time_of_a_command_is_counted() -> None:
    """A quarter of a second of work in the child shows as processor time, and its output comes."""
    code = "import time\nwhile time.process_time() < 0.25: pass\nprint('done')"
    cost = measure(python("-c", code))
    assert cost.cpu_s >= 0.25 and cost.output == "done\n" and cost.peak_mb > 1


def test_a_short_benchmark_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """``python -m benchmarks.run help`` measures, prints its row and leaves the page alone."""
    assert main(["--no-record", "help"]) == 0
    told = capsys.readouterr().out
    assert "help: target" in told and "cpu_s_best" in told


def test_unknown_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no benchmark ends with the usage."""
    with pytest.raises(SystemExit):
        main(["helpp"])
    assert "unknown: helpp" in capsys.readouterr().err
