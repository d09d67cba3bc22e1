"""YAML: lines of keys, YAML 1.2 values, and syntax errors in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.errors import InputError, Problem
from optimiser.library.files import read_text
from optimiser.library.locate import library_path
from optimiser.library.yaml_source import COMPILED, parse_yaml, read_yaml


def _problems(folder: Path, text: str | bytes) -> list[Problem]:
    path = folder / "site.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    return list(caught.value.problems)


def test_every_key_path_has_its_line_and_column(tmp_path: Path) -> None:
    """Nested keys, list items and flow mappings are all located."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb:\n  - x: 1\n  - {y: 2, z: 3}\n0.5: half\n", encoding="utf-8")
    data, marks = read_yaml(path)
    assert data == {"a": 1, "b": [{"x": 1}, {"y": 2, "z": 3}], 0.5: "half"}
    assert marks.place(["a"]) == (1, 1)
    assert marks.place(["b", 0, "x"]) == (3, 5)
    assert marks.place(["b", 1, "z"]) == (4, 12)
    assert marks.line([0.5]) == 5  # type: ignore[list-item]


def test_an_absent_key_is_located_at_its_nearest_parent(tmp_path: Path) -> None:
    """A missing field is shown where it would have to be added."""
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb:\n  c: 2\n", encoding="utf-8")
    _, marks = read_yaml(path)
    assert marks.line(["b", "missing", "deeper"]) == 2


def test_words_and_times_stay_text_as_in_yaml_1_2(tmp_path: Path) -> None:
    """``no`` is no false and ``22:30`` no number."""
    path = tmp_path / "a.yaml"
    path.write_text("country: no\ntime: 22:30\n", encoding="utf-8")
    assert read_yaml(path)[0] == {"country": "no", "time": "22:30"}


def test_merge_keys_and_aliases_are_plain_data(tmp_path: Path) -> None:
    """Anchors save typing; the reader sees the result."""
    path = tmp_path / "a.yaml"
    path.write_text("base: &b {x: 1, y: 1}\nc:\n  <<: *b\n  y: 2\n", encoding="utf-8")
    data, marks = read_yaml(path)
    assert data["c"] == {"x": 1, "y": 2}
    assert marks.line(["c", "y"]) == 4


def test_all_duplicate_keys_are_told_with_both_lines(tmp_path: Path) -> None:
    """A repeated key would silently win otherwise."""
    found = _problems(tmp_path, "a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert {(p.line, p.field) for p in found} == {(2, "c"), (3, "a")}
    assert any("first on line 1" in p.what for p in found)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\n\tb: 2\n", 2, "tab"),
        ("a:\n\t- b\n", 2, "tab"),
        ("a: 1\n b: 2\n", 2, "':' where no key can stand"),
        ("a:\n  b: 1\n c: 2\n", 3, "indentation"),
        ("a: 'x\nb: 1\n", 1, "never closed"),
        ("a: [1, 2\nb: 3\n", 1, "never closed"),
        ("a: *x\n", 1, "alias"),
        ("a: 1\n---\nb: 1\n", 2, "more than one document"),
        ("a: !x 1\n", 1, "tag"),
        ("a: @x\n", 1, "character that no value can start with"),
        ("a: 1\nb: \x07\n", 2, "control character"),
        ("a: 1\n? [1, 2]\n: 3\n", 2, "key"),
        ("&a [*a]\n", 1, "contains itself"),
        ("ok: 1\nday: 2026-02-30\n", 2, "day"),
    ],
)
def test_syntax_errors_name_the_line_in_plain_words(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    """No parser jargon, and the line where the fault is."""
    (problem,) = _problems(tmp_path, text)
    assert problem.line == line
    assert words in problem.what
    assert problem.file == str(tmp_path / "site.yaml")


def test_wrong_encodings_are_named(tmp_path: Path) -> None:
    """Latin-1 shows the line of its first odd byte, UTF-16 its name."""
    (latin,) = _problems(tmp_path, "a: 1\nname: Sörnäinen\n".encode("latin-1"))
    assert (latin.line, latin.value, latin.expected) == (2, "byte 0xf6", "UTF-8")
    (wide,) = _problems(tmp_path, "a: 1\n".encode("utf-16"))
    assert "UTF-16" in wide.what


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Files saved by Windows editors are read."""
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\r\n")
    assert read_yaml(path)[0] == {"name": "x"}


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    """A typing slip in the name is mended by the message."""
    (tmp_path / "site.yaml").write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"did you mean 'site\.yaml'"):
        read_yaml(tmp_path / "site.yml")


def test_a_folder_is_not_read_as_a_file(tmp_path: Path) -> None:
    """A folder given as a file is said to be one."""
    with pytest.raises(InputError, match="is a folder where a file is needed"):
        read_yaml(tmp_path)


def test_very_deep_nesting_is_refused_not_crashed_on(tmp_path: Path) -> None:
    """A hostile file cannot exhaust the stack."""
    (problem,) = _problems(tmp_path, "[" * 600 + "]" * 600)
    assert "nested too deeply" in problem.what


def _places(marks, data: object, path: tuple = ()) -> list:
    """Return line and column of everything in a document."""
    items = data.items() if isinstance(data, dict) else enumerate(data)  # type: ignore[arg-type]
    found = [(path, marks.place(path))]
    for key, value in items:
        inner = (*path, key)
        deep = isinstance(value, dict | list)
        found += _places(marks, value, inner) if deep else [(inner, marks.place(inner))]
    return found


def test_compiled_parser_reads_the_library_alike() -> None:
    """Values, lines and columns of every bundled file are those of the careful parser."""
    pytest.importorskip(COMPILED, reason="the compiled YAML parser is not installed")
    files = sorted(library_path("models").rglob("*.yaml"))
    assert len(files) > 12
    for path in files:
        source = read_text(path)
        (slow, slow_marks), (fast, fast_marks) = (
            parse_yaml(source),
            parse_yaml(source, bundled=True),
        )
        assert repr(slow) == repr(fast), path
        assert _places(slow_marks, slow) == _places(fast_marks, fast), path


@pytest.mark.parametrize("text", ["a: [1", "a: 1\n\tb: 2\n", "a: b: c\n", "a: 1\na: 2\n", "\x00"])
def test_broken_bundled_file_is_told_as_well_as_any(tmp_path: Path, text: str) -> None:
    """What the compiled parser refuses is explained by the careful one."""
    path = tmp_path / "cards.yaml"
    path.write_text(text, encoding="utf-8")
    told = []
    for bundled in (False, True):
        with pytest.raises(InputError) as caught:
            parse_yaml(read_text(path), bundled=bundled)
        told.append([str(problem) for problem in caught.value.problems])
    assert told[0] == told[1]
