"""YAML for people: comments where they belong, short lists inline, nothing lost."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from optimiser.connect.yamltext import render, to_plain
from optimiser.schema.policy import Spread
from optimiser.schema.site import Site
from optimiser.schema.study import Study

PLAIN = {
    "name": "x",
    "cooling": {"zones": [{"name": "a", "share": 0.5}]},
    "list": [1, 2],
    "none": None,
    "empty": {},
}


def test_text_reads_back_equal() -> None:
    """Whatever is written is read back as the same data."""
    assert YAML(typ="safe").load(render(PLAIN, {}, ())) == PLAIN


def test_comments_stand_above_their_keys() -> None:
    """A comment is the line above the key it explains, at the key's depth."""
    text = render(PLAIN, {"cooling": "Cold air.", "cooling.zones": "Rooms."}, ["# Head"])
    lines = text.splitlines()
    assert lines[0] == "# Head"
    assert lines[lines.index("cooling:") - 1] == "# Cold air."
    assert lines[lines.index("  zones:") - 1] == "  # Rooms."


def test_comment_on_a_missing_key_is_an_error() -> None:
    """A comment that would vanish is refused."""
    with pytest.raises(KeyError, match="heating"):
        render(PLAIN, {"heating": "?"}, ())


def test_short_lists_are_inline_and_null_is_said() -> None:
    """Lists of plain values take one line, an absent value is written null."""
    text = render(PLAIN, {}, ())
    assert "list: [1, 2]" in text
    assert "none: null" in text


def test_documents_keep_only_what_was_set() -> None:
    """Defaults stay defaults, but kind and format are always written."""
    assert to_plain(Spread(name="s", max_skew=1)) == {"kind": "spread", "name": "s", "max_skew": 1}
    assert to_plain(Study()) == {"format": "dcopt.study/1"}


def test_long_lists_come_last() -> None:
    """A site is read from the top: who it is first, its equipment cards last."""
    card = {"kind": "rack", "name": "r"}
    site = Site.model_validate({"equipment": [card], "currency": "EUR", "name": "s"})
    assert list(to_plain(site)) == ["format", "name", "currency", "equipment"]
