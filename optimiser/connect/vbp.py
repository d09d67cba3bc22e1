"""Import vector bin packing: equal bins, items with a size in each of several dimensions.

A file holds whole numbers: how many dimensions; the bin's capacity in each; how many lines follow;
and lines with the size of an item in each dimension and how many there are of it. Bins become
hosts that cost 1 while they are on and items workloads, so that the objective of a plan is its
number of bins.

Some published triplets hold sizes below 0, which hosts do not know; see :func:`lift`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optimiser.connect.free_energy import (
    ENVIRONMENT,
    NO_CURRENCY,
    RACK,
    cost_study,
    numbered,
    powerless_card,
    resources,
    site_name,
)
from optimiser.connect.report import SHOWN_PER_KIND, ImportReport, require_file
from optimiser.connect.sitefolder import Provenance, SiteFolder, write_site
from optimiser.errors import InputError, Problem, raise_all
from optimiser.schema.site import Site
from optimiser.schema.study import Study

if TYPE_CHECKING:
    import pandas as pd

CARD = "bin"
LARGEST = 2**53


@dataclass(frozen=True)
class Items:
    """An instance: ``capacity`` (dimension,), ``size`` (line, dimension), ``count`` (line,)."""

    capacity: np.ndarray
    size: np.ndarray
    count: np.ndarray

    @property
    def fewest(self) -> int:
        """Bins that the sum of the sizes asks for in the fullest dimension; no plan has fewer."""
        total = self.count @ self.size
        return max(1, int((-(-total // np.maximum(self.capacity, 1))).max()))


def import_vbp(source: Path, target: Path, *, force: bool = False) -> ImportReport:
    """Write the instance in the file ``source`` as the site folder ``target``.

    There are as many hosts as first fit decreasing needs, so that a plan exists and none needs
    more.

    Raises ``InputError`` with every mistake of the file, ``UsageError`` for a target in the way.
    """
    source = require_file(source, "a vector bin packing instance")
    given = read_vbp(source)
    items = lift(given, source)
    bins, count = first_fit_decreasing(items), int(items.count.sum())
    write_site(_site_folder(items, bins, source), target, force=force)
    return ImportReport(Path(target), bins, count, 0, _notes(given, items, bins))


def lift(items: Items, source: Path) -> Items:
    """Return an instance without sizes below 0.

    Where n items need at least B bins by their sums and n = mB, a plan of B bins of m items each is
    the same plan when every size of a dimension grows by K, its capacity by mK, and a further
    dimension lets m items into a bin. Plans of more bins may hold a bin of fewer than m items that
    is overfull by K for each item that is missing.

    Raises ``InputError`` where n is no multiple of B.
    """
    low = np.minimum(items.size.min(axis=0, initial=0), 0)
    if not low.any():
        return items
    each, rest = divmod(int(items.count.sum()), items.fewest)
    if rest:
        raise InputError(
            Problem(
                "holds sizes below 0",
                str(source),
                value=int(low.min()),
                expected="whole numbers from 0 on, unless equally many items fill each bin",
            )
        )
    one = np.ones((len(items.size), 1), dtype=np.int64)
    return Items(
        capacity=np.append(items.capacity - each * low, each),
        size=np.hstack([items.size - low, one]),
        count=items.count,
    )


def read_vbp(path: Path) -> Items:
    """Read an instance. Raises ``InputError`` with the line of each mistake."""
    lines = _numbers(path)
    dims = _single(path, lines, 0, "number of dimensions")
    capacity = _row(path, lines, 1, dims, "capacities")
    count = _single(path, lines, 2, "number of lines with items")
    body = lines[3:]
    if len(body) != count:
        raise InputError(
            Problem(
                "has another number of lines with items than it says",
                str(path),
                lines[2][0],
                value=len(body),
                expected=f"{count} lines",
            )
        )
    rows = [_row(path, lines, 3 + index, dims + 1, "item") for index in range(count)]
    table = np.array(rows, dtype=np.int64).reshape(count, dims + 1)
    found = Items(np.array(capacity, dtype=np.int64), table[:, :dims], table[:, dims])
    _check_sizes(path, found, [number for number, _ in body])
    return found


def _numbers(path: Path) -> list[tuple[int, list[int]]]:
    """Return the lines that hold something, with their numbers, as whole numbers.

    Only sizes, from the fourth line on and not the last on theirs, may be below 0.
    """
    lines: list[tuple[int, list[int]]] = []
    problems: list[Problem] = []
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        sizes = words[:-1] if len(lines) >= 3 else []
        wrong = [w for w in words[len(sizes) :] if not _is_whole(w)]
        wrong += [w for w in sizes if not _is_whole(w.removeprefix("-"))]
        problems += [
            Problem("is no whole number", str(path), number, value=word, expected="0, 1, 2, …")
            for word in wrong
        ]
        if words and not wrong:
            lines.append((number, [int(word) for word in words]))
    raise_all(problems[:SHOWN_PER_KIND])
    return lines


def _is_whole(word: str) -> bool:
    return word.isascii() and word.isdigit() and int(word) <= LARGEST


def _single(path: Path, lines: list[tuple[int, list[int]]], index: int, what: str) -> int:
    return _row(path, lines, index, 1, what)[0]


def _row(
    path: Path, lines: list[tuple[int, list[int]]], index: int, length: int, what: str
) -> list[int]:
    """Return a line that must hold so many numbers."""
    expected = f"{length} whole number{'s' if length > 1 else ''}"
    if index >= len(lines):
        problem = Problem("ends too early", str(path), field=what, expected=expected)
        raise InputError(problem)
    number, row = lines[index]
    if len(row) != length:
        form = "has another number of values than the line before it asks for"
        raise InputError(
            Problem(form, str(path), number, field=what, value=len(row), expected=expected)
        )
    return row


def _check_sizes(path: Path, items: Items, line_of: list[int]) -> None:
    """Refuse instances without items or dimensions, and items larger than a bin."""
    problems = []
    if not len(items.capacity) or not items.capacity.any():
        expected = "a bin with room in some dimension"
        problems.append(Problem("holds no capacity", str(path), field="capacities",
                                expected=expected))  # fmt: skip
    if not items.count.sum():
        problems.append(Problem("holds no item", str(path), expected="at least one item"))
    for row in np.flatnonzero((items.size > items.capacity).any(axis=1)).tolist():
        largest = ", ".join(str(amount) for amount in items.capacity.tolist())
        problems.append(
            Problem(
                "an item is larger than a bin",
                str(path),
                line_of[row],
                value=", ".join(str(amount) for amount in items.size[row].tolist()),
                expected=f"at most {largest}",
            )
        )
    raise_all(problems[:SHOWN_PER_KIND])


def first_fit_decreasing(items: Items) -> int:
    """Return how many bins first fit needs when items go by the sum of their shares of a bin."""
    room = np.maximum(items.capacity, 1)
    order = np.argsort(-(items.size / room).sum(axis=1), kind="stable")
    left = np.empty((0, len(room)), dtype=np.int64)
    for row in np.repeat(order, items.count[order]).tolist():
        fitting = np.flatnonzero((left >= items.size[row]).all(axis=1))
        if not len(fitting):
            left = np.vstack([left, items.capacity])
        left[fitting[0] if len(fitting) else -1] -= items.size[row]
    return len(left)


def _notes(given: Items, items: Items, bins: int) -> tuple[str, ...]:
    lifted = (
        f"sizes below 0 are lifted, with at most {int(items.capacity[-1])} items in a bin: exact "
        f"for plans of {given.fewest} bins, the fewest there can be; one of more bins may overfill "
        "a bin of fewer items by as much as it was lifted",
    )
    return (
        "a host costs 1 while it is on and nothing else costs anything: the objective is the "
        "number of bins",
        f"{bins:,} hosts are what first fit decreasing needs; no plan needs more",
        "nothing is placed today; the instance has no start",
        *(lifted if items is not given else ()),
    )


def _site_folder(items: Items, bins: int, source: Path) -> SiteFolder:
    names = [f"d{number}" for number in range(1, len(items.capacity) + 1)]
    provenance = Provenance(
        title=f"Vector bin packing {source.name}",
        origin="a public instance of vector bin packing",
        licence="as stated by its publishers; not part of this project",
        how=f"dcopt import vbp {source.name}",
    )
    return SiteFolder(
        Site.model_validate(_site_document(items, names, source)),
        _tables(items, names, bins),
        provenance,
        Study.model_validate(cost_study("packing")),
        site_comments={"environment": "Energy is free: only hosts that are on cost anything."},
    )


def _site_document(items: Items, names: list[str], source: Path) -> dict[str, Any]:
    capacity = dict(zip(names, items.capacity.tolist(), strict=True))
    drives = int(items.capacity.argmax())
    return {
        "format": "dcopt.site/1",
        "name": site_name(source),
        "description": f"{int(items.count.sum())} items of {len(names)} dimensions for equal bins.",
        "currency": NO_CURRENCY,
        "resources": resources(names, [""] * len(names), drives),
        "environment": ENVIRONMENT,
        "equipment": [powerless_card(CARD, capacity, on_cost_per_h=1.0)],
    }


def _tables(items: Items, names: list[str], bins: int) -> dict[str, pd.DataFrame]:
    import pandas as pd

    used = np.flatnonzero(items.count > 0)
    workloads: dict[str, Any] = {"name": numbered("item", len(used)), "service": "items"}
    workloads["replicas"] = items.count[used]
    workloads |= {name: items.size[used, index] for index, name in enumerate(names)}
    return {
        "hosts.csv": pd.DataFrame({"name": numbered("bin", bins), "rack": RACK, "card": CARD}),
        "racks.csv": pd.DataFrame({"name": [RACK]}),
        "workloads.csv": pd.DataFrame(workloads),
    }
