"""The chart library is bundled once; a damaged or unwritable cache only costs time."""

import pytest

from optimiser.report import runtime


@pytest.fixture
def bundles(monkeypatch, tmp_path):
    """Count how often the script is bundled, with a cache of its own."""
    made: list[str] = []

    def bundle() -> str:
        made.append("made")
        return "chart();\n// ✓"

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(runtime, "_bundle", bundle)
    runtime.chart_runtime.cache_clear()
    yield made
    runtime.chart_runtime.cache_clear()


def _again() -> str:
    runtime.chart_runtime.cache_clear()
    return runtime.chart_runtime()


def test_is_bundled_once(bundles):
    """The second process reads what the first one kept."""
    assert _again() == _again() == "chart();\n// ✓"
    assert len(bundles) == 1


@pytest.mark.parametrize("damage", [b"", b"chart();", b"\xff\xfe", b"0" * 64 + b"\nevil();"])
def test_damaged_cache_is_made_again(bundles, tmp_path, damage):
    """What does not match its digest is never used."""
    script = _again()
    (kept,) = (tmp_path / "cache" / runtime.FOLDER).iterdir()
    kept.write_bytes(damage)
    assert _again() == script
    assert len(bundles) == 2
    assert _again() == script and len(bundles) == 2


def test_cache_that_cannot_be_written_is_no_trouble(bundles, tmp_path):
    """A file where the folder should be: every process bundles for itself."""
    (tmp_path / "cache").write_text("in the way")
    assert _again() == _again()
    assert len(bundles) == 2
