"""YAML with a line for every key: YAML 1.2, duplicate keys refused, syntax errors in words."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from optimiser.errors import InputError, Problem
from optimiser.library.files import SourceFile, read_text

Step = str | int
COMPILED = "_ruamel_yaml"
"""Module of the compiled parser."""


class Marks:
    """Finds the line and column of a key path in a YAML file."""

    def __init__(self, root: Node | None) -> None:
        self._root = root

    def line(self, path: Sequence[Step]) -> int | None:
        """Return the line of a key (from 1), or that of the nearest parent that exists."""
        place = self.place(path)
        return None if place is None else place[0]

    def place(self, path: Sequence[Step]) -> tuple[int, int] | None:
        """Return line and column (from 1) of a key, or of the nearest parent that exists."""
        node: Node | None = self._root
        mark: Any = None if node is None else node.start_mark
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            node, mark = found
        return None if mark is None else (mark.line + 1, mark.column + 1)


def _child(node: Node | None, step: Step) -> tuple[Node, Any] | None:
    if isinstance(node, MappingNode):
        for key, value in reversed(node.value):  # merged keys come first, own ones win
            if isinstance(key, ScalarNode) and key.value == str(step):
                return value, key.start_mark
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item, item.start_mark
    return None


def read_yaml(path: Path) -> tuple[Any, Marks]:
    """Read a YAML file: its plain data, and the lines of its keys.

    Raises ``InputError`` for an unreadable file, wrong syntax or duplicate keys (all of them).
    """
    return parse_yaml(read_text(path))


def parse_yaml(source: SourceFile, *, bundled: bool = False) -> tuple[Any, Marks]:
    """Parse the text of a YAML file; see :func:`read_yaml`.

    ``bundled`` files of the library go through the compiled parser where it is installed: six
    times as fast, with the same nodes. Its messages are poorer and it forgives more, so it never
    reads what a person writes, and what it refuses is read again.
    """
    is_compiled = bundled and find_spec(COMPILED) is not None
    file = str(source.path)
    yaml = YAML(typ="safe", pure=not is_compiled)
    try:
        root = yaml.compose(source.text)
        builder = _Builder(yaml.constructor, file)
        data = None if root is None else builder.build(root)
    except YAMLError as error:
        if is_compiled:
            return parse_yaml(source)
        raise InputError(_syntax_problem(error, source)) from None
    except RecursionError:
        raise InputError(Problem(what="is nested too deeply", file=file)) from None
    if builder.problems:
        raise InputError(builder.problems)
    return data, Marks(root)


class _Builder:
    """Turns nodes into plain data and collects duplicate keys on the way."""

    def __init__(self, constructor: Any, file: str) -> None:
        self._constructor = constructor
        self._file = file
        self._done: dict[int, Any] = {}
        self._open: set[int] = set()
        self.problems: list[Problem] = []

    def build(self, node: Node) -> Any:
        """Return the plain value of a node, its marks noted on the way."""
        if id(node) in self._done:  # an alias
            return self._done[id(node)]
        if id(node) in self._open:
            self._note(node, "an anchor that contains itself", "write the value out")
            return None
        self._open.add(id(node))
        value = self._value(node)
        self._open.discard(id(node))
        self._done[id(node)] = value
        return value

    def _value(self, node: Node) -> Any:
        if isinstance(node, SequenceNode):
            return [self.build(item) for item in node.value]
        if isinstance(node, MappingNode):
            return self._mapping(node)
        try:
            return self._constructor.construct_object(node)
        except (ValueError, OverflowError) as error:  # an impossible date or number
            self._note(node, f"{node.value!r} cannot be read: {error}", "put it in quotes")
            return None

    def _mapping(self, node: MappingNode) -> dict[Any, Any]:
        self._check_keys(node)
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            self._constructor.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._note(
                    key,
                    "a list or mapping used as a key",
                    "use a plain word as the key; quote text that begins with {",
                )
                continue
            result[self._value(key)] = self.build(value)
        return result

    def _check_keys(self, node: MappingNode) -> None:
        first: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in first and key.value != "<<":
                what = f"the key is given twice, first on line {first[key.value]}"
                remedy = "remove one of them, or begin a new list entry with '- '"
                problem = Problem(what, self._file, line, key.value, remedy=remedy)
                self.problems.append(problem)
            first.setdefault(key.value, line)

    def _note(self, node: Node, what: str, remedy: str) -> None:
        line = node.start_mark.line + 1
        self.problems.append(Problem(what=what, file=self._file, line=line, remedy=remedy))


# what the parser says -> what it means to the person, and how to mend it
_PHRASES = (
    ("'\\t'", "a tab where YAML wants spaces", "indent with spaces, two for each level"),
    (
        "mapping values are not allowed",
        "a ':' where no key can stand",
        "check the indentation here and above; quote a value that contains ': '",
    ),
    (
        "expected <block end>",
        "the indentation does not fit the lines above",
        "give all keys of one level the same indentation",
    ),
    (
        "could not find expected ':'",
        "a key without ':' after it",
        "write 'key: value' with a space after ':', and end quotes that were opened above",
    ),
    (
        "found unexpected end of stream",
        "a quote or bracket is opened and never closed",
        "close it",
    ),
    (
        "expected ',' or",
        "a bracket is opened and never closed, or a comma is missing",
        "write [a, b] or {key: value}",
    ),
    (
        "expected '<document start>'",
        "a line above begins with %, which YAML keeps for itself",
        "remove the %",
    ),
    ("undefined alias", "an alias (*name) without its anchor (&name)", "define it above"),
    ("expected a single document", "more than one document", "remove the second '---'"),
    (
        "could not determine a constructor",
        "a tag (!name) that is not plain YAML",
        "remove the tag",
    ),
    (
        "cannot start any token",
        "a character that no value can start with",
        "put the value in quotes",
    ),
)


def _syntax_problem(error: YAMLError, source: SourceFile) -> Problem:
    file = str(source.path)
    if isinstance(error, ReaderError):
        before = source.text[: error.position]
        what = f"a control character (code {ord(source.text[error.position])})"
        return Problem(what=what, file=file, line=before.count("\n") + 1, remedy="delete it")
    if not isinstance(error, MarkedYAMLError):
        return Problem(what=f"cannot be read as YAML: {error}", file=file)
    text = f"{error.context or ''} {error.problem or ''}".strip()
    begun = ("end of stream", "expected ',' or", "could not find expected ':'")
    # where it began says more than where the parser gave up
    opened = error.context_mark if any(part in text for part in begun) else None
    mark = opened or error.problem_mark or error.context_mark
    line = None if mark is None else mark.line + 1
    shown = _shown_line(source, line)
    odd = _odd_indent(source, line)
    if odd is not None:
        what = "the line is indented with a character that looks like a space and is none"
        remedy = "indent with spaces, two for each level"
        return Problem(what, file, odd, value=_shown_line(source, odd), remedy=remedy)
    for part, what, remedy in _PHRASES:
        if part in text:
            return Problem(what=what, file=file, line=line, value=shown, remedy=remedy)
    return Problem(what=f"YAML syntax: {text}", file=file, line=line, value=shown)


def _odd_indent(source: SourceFile, line: int | None) -> int | None:
    """Return the last line up to ``line`` that is indented with other blanks, such as U+00A0."""
    lines = source.text.splitlines()[: line or 0]
    for number in range(len(lines), 0, -1):
        text = lines[number - 1]
        indent = text[: len(text) - len(text.lstrip())]
        if indent.strip(" \t"):
            return number
    return None


def _shown_line(source: SourceFile, line: int | None) -> str | None:
    lines = source.text.splitlines()
    if line is None or not 0 < line <= len(lines):
        return None
    return lines[line - 1].strip("\r\n") or None
