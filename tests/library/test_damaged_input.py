"""Damaged files: whatever happens to the input, the answer is a site or a list of mistakes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from optimiser.errors import InputError
from optimiser.library.site import read_study

JUNK = ["", "\t", ":", '"', "[", "{", "-1", "nan", "é", ",", ";", "null", "1e999", "true", "\x00"]


def _drop_line(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    del lines[rng.randrange(len(lines))]
    return "".join(lines)


def _repeat_line(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    return "".join([*lines[:place], lines[place], *lines[place:]])


def _cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text))]


def _put_junk(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice(JUNK) + text[place + rng.randrange(3) :]


def _swap_words(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    one, two = rng.randrange(len(words)), rng.randrange(len(words))
    words[one], words[two] = words[two], words[one]
    return " ".join(words)


DAMAGES: list[Callable[[random.Random, str], str]] = [
    _drop_line, _repeat_line, _cut, _put_junk, _swap_words,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_damaged_input_is_told_and_never_a_crash(small: Any, seed: int) -> None:
    """Every damaged site is read or refused with located problems, never with a stack trace."""
    rng = random.Random(seed)
    whole = {path: path.read_text(encoding="utf-8") for path in sorted(small.path.iterdir())}
    refused = 0
    for _ in range(12):
        path = rng.choice(list(whole))
        path.write_text(rng.choice(DAMAGES)(rng, whole[path]), encoding="utf-8")
        try:
            read_study(small.path)
        except InputError as error:
            refused += 1
            assert all(problem.file and problem.what for problem in error.problems)
        path.write_text(whole[path], encoding="utf-8")
    assert refused > 0
