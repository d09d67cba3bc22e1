"""Errors become one message and one exit code, for people and for machines."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from optimiser.cli import app as application
from optimiser.cli.app import run
from optimiser.cli.call import Call
from optimiser.cli.failures import exit_code_of
from optimiser.errors import (
    InfeasibleError,
    InputError,
    MissingError,
    NoPlanError,
    Problem,
    RefusedError,
    UsageError,
)

CODES = [
    (UsageError("x"), 2),
    (InputError(Problem("x")), 3),
    (InfeasibleError("x"), 4),
    (NoPlanError("x"), 5),
    (RefusedError("x"), 6),
    (MissingError("x"), 69),
    (OSError(28, "No space left on device", "runs"), 69),
    (KeyboardInterrupt(), 130),
    (click.Abort(), 130),
    (click.UsageError("x"), 2),
    (ZeroDivisionError("x"), 1),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda value: type(value).__name__)
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    """Each kind of failure leaves with its documented code."""
    assert exit_code_of(error, Call(quiet=True)) == code


def test_a_bug_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected error is one line without a trace, and says how to get the trace."""
    exit_code_of(ZeroDivisionError("division by zero"), Call())
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "ZeroDivisionError: division by zero" in lines[0]
    assert "--debug" in lines[0]


def test_debug_shows_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--debug`` the trace comes before the line."""
    try:
        raise ValueError("deep inside")
    except ValueError as error:
        exit_code_of(error, Call(debug=True))
    assert "Traceback" in capsys.readouterr().err


def test_machines_get_errors_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With ``--json`` the mistakes are an object on standard output and nothing else is printed."""
    problem = Problem("unknown", "site.yaml", 7, "polcies", "x", "policies", "did you mean it?")
    exit_code_of(InputError([problem, problem]), Call(json=True))
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert captured.err == ""
    assert answer["exit_code"] == 3
    assert [found["line"] for found in answer["problems"]] == [7, 7]


def test_an_unknown_verb_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped verb is a usage error with a suggestion."""
    assert run(["chekc"]) == 2
    assert "did you mean 'check'?" in capsys.readouterr().err


def test_a_wrong_option_says_where_help_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option names the verb's help."""
    assert run(["check", "--jsn", "x"]) == 2
    assert "dcopt check --help" in capsys.readouterr().err


def test_a_bug_inside_a_verb_never_shows_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception in a verb is caught at the top."""

    def broken(*_: object, **__: object) -> None:
        raise LookupError("nothing there")

    monkeypatch.setattr(application.app, "main", broken)
    assert run(["check", "x"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_leaves_is_no_error() -> None:
    """``dcopt manual | head -1`` ends without a message."""
    line = f"{sys.executable} -m optimiser manual | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_terminal_that_knows_only_ascii_still_gets_an_answer() -> None:
    """With an ASCII locale characters are replaced instead of failing."""
    done = subprocess.run(
        [sys.executable, "-m", "optimiser", "library", "server"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""},
        check=True,
    )
    assert "hp-ml110-g5" in done.stdout


def test_piped_results_have_no_colour() -> None:
    """Output into a pipe holds no escape codes, with or without NO_COLOR."""
    done = subprocess.run(
        [sys.executable, "-m", "optimiser", "library", "ups"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
