"""One exception tree: where it went wrong, what was found, how to mend it, which exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_INFEASIBLE = 4
EXIT_NO_PLAN = 5
EXIT_REFUSED = 6
EXIT_MISSING = 69
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class Problem:
    """One mistake in the input.

    ``file``, ``line`` and ``field`` say where, ``value`` what was found, ``expected`` what would
    have been right and ``remedy`` how to mend it. Unknown parts stay ``None``.
    """

    what: str
    file: str | None = None
    line: int | None = None
    field: str | None = None
    value: object = None
    expected: str | None = None
    remedy: str | None = None

    @property
    def where(self) -> str:
        """File and line as ``site.yaml:12``, or an empty string."""
        if self.file is None:
            return ""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        head = ": ".join(part for part in (self.where, self.field, self.what) if part)
        lines = [head]
        if self.value is not None:
            lines.append(f"    found:    {_shorten(self.value)}")
        if self.expected:
            lines.append(f"    expected: {self.expected}")
        if self.remedy:
            lines.append(f"    mend:     {self.remedy}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """Return the problem as plain JSON types."""
        return {
            "file": self.file,
            "line": self.line,
            "field": self.field,
            "what": self.what,
            "value": None if self.value is None else _shorten(self.value),
            "expected": self.expected,
            "remedy": self.remedy,
        }


class DcoptError(Exception):
    """Base of every error that is told to a person without a stack trace."""

    exit_code = EXIT_BUG

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message if not self.remedy else f"{self.message}\n    mend:     {self.remedy}"


class UsageError(DcoptError):
    """The call itself makes no sense."""

    exit_code = EXIT_USAGE


class InputError(DcoptError):
    """The input is wrong; carries every mistake that was found, not only the first."""

    exit_code = EXIT_INPUT

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        count = len(self.problems)
        noun = "mistake" if count == 1 else "mistakes"
        text = "\n".join(str(problem) for problem in self.problems)
        super().__init__(f"{count} {noun} in the input\n{text}")


class InfeasibleError(DcoptError):
    """No plan can keep every hard rule; ``findings`` say who, what and how short."""

    exit_code = EXIT_INFEASIBLE

    def __init__(self, message: str, findings: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class CheckFailedError(DcoptError):
    """A check that was asked for did not pass."""

    exit_code = EXIT_INFEASIBLE


class NoPlanError(DcoptError):
    """No plan was found in the time given, and none was proven impossible."""

    exit_code = EXIT_NO_PLAN


class RefusedError(DcoptError):
    """The exact checker refused a plan."""

    exit_code = EXIT_REFUSED


class MissingError(DcoptError):
    """A file of ours, an extra or a service is missing."""

    exit_code = EXIT_MISSING


class SolverError(DcoptError):
    """The solver refused data or ended in a state we do not trust."""


def _shorten(value: object, limit: int = 120) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def is_interrupt(error: BaseException | None) -> bool:
    """Whether an error is Ctrl-C, or what compiled code makes of it: a ``SystemError`` from it."""
    if isinstance(error, SystemError):
        return is_interrupt(error.__cause__)
    return isinstance(error, KeyboardInterrupt)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return ``did you mean 'x'?`` for the nearest known word, or ``None``."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None


def raise_all(problems: Sequence[Problem]) -> None:
    """Raise one :class:`InputError` with all problems, or return when there are none."""
    if problems:
        raise InputError(problems)
