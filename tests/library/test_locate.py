"""Where the library content comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.errors import MissingError
from optimiser.library import locate


def test_the_checkout_or_wheel_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variable the content that came with the package is used."""
    monkeypatch.delenv(locate.VARIABLE, raising=False)
    assert (locate.library_path("models", "equipment") / "servers.yaml").is_file()


def test_the_variable_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A library of one's own replaces the bundled one."""
    (tmp_path / "models" / "equipment").mkdir(parents=True)
    monkeypatch.setenv(locate.VARIABLE, str(tmp_path))
    assert locate.library_root() == tmp_path


def test_a_wheel_wins_over_what_lies_around_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Installed packages never look outside themselves first."""
    package = tmp_path / "optimiser"
    for root in (package / "_library", tmp_path):
        (root / "models" / "equipment").mkdir(parents=True)
    monkeypatch.delenv(locate.VARIABLE, raising=False)
    monkeypatch.setattr(locate, "_PACKAGE", package)
    assert locate.library_root() == package / "_library"


def test_the_error_names_all_three_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variable, package and checkout."""
    monkeypatch.delenv(locate.VARIABLE, raising=False)
    monkeypatch.setattr(locate, "_PACKAGE", tmp_path / "optimiser")
    with pytest.raises(MissingError) as caught:
        locate.library_root()
    text = str(caught.value)
    assert "OPTIMISER_LIBRARY is not set" in text
    assert str(tmp_path / "optimiser" / "_library") in text
    assert f"no models/equipment in {tmp_path}" in text
    assert caught.value.exit_code == 69


def test_a_variable_that_points_nowhere_is_no_excuse_to_use_another_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Falling back in silence would plan with other equipment."""
    monkeypatch.setenv(locate.VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(MissingError, match="gone"):
        locate.library_root()
