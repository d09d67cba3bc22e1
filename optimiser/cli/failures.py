"""From an exception to a message and an exit code; a person never sees a stack trace unasked."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import click

from optimiser.cli.call import Call
from optimiser.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_MISSING,
    EXIT_USAGE,
    DcoptError,
    InputError,
    is_interrupt,
)

EXIT_TERMINATED = 143
ISSUES = "CONTRIBUTING.md says how to report it"


def exit_code_of(error: BaseException, call: Call) -> int:
    """Tell the person what went wrong and return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else EXIT_BUG
    if isinstance(error, BrokenPipeError):
        return _reader_left()
    if call.debug and not isinstance(error, (click.ClickException, click.Abort)):
        traceback.print_exception(error)
    message, code = _message(error)
    if call.terminated and code == EXIT_INTERRUPTED:
        message, code = "dcopt: terminated", EXIT_TERMINATED
    if call.json:
        _print_json(error, message, code)
    else:
        print(message, file=sys.stderr)
    return code


def _message(error: BaseException) -> tuple[str, int]:
    if isinstance(error, DcoptError):
        return f"dcopt: {error}", error.exit_code
    if isinstance(error, click.UsageError):
        return _usage(error), EXIT_USAGE
    if isinstance(error, click.ClickException):
        return f"dcopt: {error.format_message()}", EXIT_USAGE
    if isinstance(error, click.Abort) or is_interrupt(error):
        return "dcopt: interrupted", EXIT_INTERRUPTED
    if isinstance(error, OSError):
        return f"dcopt: {_os_sentence(error)}", EXIT_MISSING
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"dcopt: a bug of ours: {what} (repeat with --debug for the trace; {ISSUES})", EXIT_BUG


def _os_sentence(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{reason[:1].lower()}{reason[1:]}"


def _usage(error: click.UsageError) -> str:
    message = f"dcopt: {error.format_message()}"
    if error.ctx is None:
        return message
    return f"{message}\n    mend:     {error.ctx.command_path} --help shows how to call it"


def _print_json(error: BaseException, message: str, code: int) -> None:
    answer: dict[str, Any] = {
        "schema": "dcopt.error/1",
        "exit_code": code,
        "message": message.removeprefix("dcopt: "),
    }
    if isinstance(error, InputError):
        answer["message"] = f"{len(error.problems)} mistakes in the input"
        answer["problems"] = [problem.to_dict() for problem in error.problems]
    findings = getattr(error, "findings", ())
    if findings:
        answer["findings"] = [_plain(finding) for finding in findings]
    print(json.dumps(answer, indent=2, default=str))


def _plain(finding: object) -> object:
    """Return a finding as plain data, whichever form its floor gave it."""
    for method in ("to_dict", "model_dump"):
        if hasattr(finding, method):
            return getattr(finding, method)()
    fields = getattr(finding, "__dataclass_fields__", None)
    return {name: getattr(finding, name) for name in fields} if fields else str(finding)


def _reader_left() -> int:
    """Whoever read our output has gone (``| head``); that is fine and needs no message."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    return 0
