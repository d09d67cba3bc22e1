"""The lock files install on any machine: hashes for everything, addresses for nothing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements-build.lock", "requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pinned(name: str) -> dict[str, str]:
    """Return each requirement of a lock with the text up to the next one."""
    parts = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)
    return {part.split("==")[0]: part for part in parts if "==" in part}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_hashes_and_no_address(name: str) -> None:
    """Every requirement is pinned with hashes; no index, path or link is named."""
    found = pinned(name)
    assert found
    assert [package for package, text in found.items() if "--hash=sha256:" not in text] == []
    text = (ROOT / name).read_text()
    assert re.findall(r"https?:|file:|--index|--find-links|@ /", text) == []


def normal(requirement: str) -> str:
    return re.split(r"[><=\[;]", requirement)[0].lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("requirements.lock", PROJECT["dependencies"]),
        ("requirements-dev.lock", PROJECT["optional-dependencies"]["dev"]),
        ("requirements-dev.lock", PROJECT["dependencies"]),
    ],
)
def test_a_lock_holds_everything_that_is_declared(name: str, wanted: list[str]) -> None:
    """No declared dependency is missing from its lock; else run ``make lock``."""
    assert {normal(one) for one in wanted} - set(pinned(name)) == set()


def test_the_locks_agree() -> None:
    """A package has the same version in every lock that holds it."""
    versions = [
        {package: re.findall(r"==(\S+)", text)[0] for package, text in pinned(name).items()}
        for name in LOCKS
    ]
    for package, version in versions[2].items():
        for other in versions[:2]:
            assert other.get(package, version) == version, package
