"""Write documents as YAML that a person likes to read: short lists inline, a comment per part."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from optimiser.schema.base import Document

_ALWAYS = ("format", "kind")
_FIRST = ("format", "kind", "name", "title", "description")
_LAST = ("equipment",)
_WIDTH = 100


def to_plain(value: Any) -> Any:
    """Return a document as dicts and lists, leaving out what was never set.

    ``kind`` and ``format`` are always kept: they say which model reads the text back.
    """
    if isinstance(value, Document):
        return {key: to_plain(getattr(value, key)) for key in _keys(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, (datetime, time)):
        return value.isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else value


def _keys(document: Document) -> list[str]:
    """Return the fields to write, those first that tell a reader what it is, long lists last."""
    known = type(document).model_fields
    order = [*_FIRST, *(name for name in known if name not in (*_FIRST, *_LAST)), *_LAST]
    given = document.model_fields_set | set(_ALWAYS)
    return [name for name in order if name in known and name in given]


def render(plain: Mapping[str, Any], comments: Mapping[str, str], head: Sequence[str]) -> str:
    """Return ``plain`` as YAML text.

    ``comments`` are put above the key they name (dotted, as in ``cooling.zones``); a blank line
    stands before each top-level part. ``head`` are comment lines for the top of the file.

    Raises ``KeyError`` for a comment on a key that is not there.
    """
    from ruamel.yaml import YAML

    writer = YAML()
    writer.width = _WIDTH
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.representer.add_representer(type(None), _null)
    tree = _decorated(plain, comments)
    buffer = io.StringIO()
    writer.dump(tree, buffer)
    body = "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())
    return "\n".join([*head, body, ""])


def _null(representer: Any, _: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _decorated(plain: Mapping[str, Any], comments: Mapping[str, str]) -> Any:
    tree = _node(plain)
    for key, value in list(plain.items())[1:]:
        if key in comments or isinstance(value, Mapping | list):
            tree.yaml_set_comment_before_after_key(key, before="\n" + comments.get(key, ""))
    for path, text in comments.items():
        *parents, key = path.split(".")
        node = tree
        for parent in parents:
            node = node[parent]
        if key not in node:
            raise KeyError(path)
        if parents:
            node.yaml_set_comment_before_after_key(key, before=text, indent=2 * len(parents))
    return tree


def _node(value: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, Mapping):
        node = CommentedMap((key, _node(item)) for key, item in value.items())
        if not value:
            node.fa.set_flow_style()
        return node
    if isinstance(value, list):
        sequence = CommentedSeq(_node(item) for item in value)
        if not any(isinstance(item, Mapping | list) for item in value):
            sequence.fa.set_flow_style()
        return sequence
    return value
