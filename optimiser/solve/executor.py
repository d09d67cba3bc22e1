"""Where independent parts of a job run: in this process, on workers of our own, or on a cluster.

All executors give the same results in the same order. A worker that dies costs time only: its part
is run again elsewhere, and in this process when the cluster as a whole is lost.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from optimiser.errors import MissingError

Given = TypeVar("Given")
Item = TypeVar("Item")
Result = TypeVar("Result")

EXTRA = "pip install 'dc-optimiser[cluster]'"


class Executor(Protocol):
    """Runs one function over many items, all of which start from the same ``given``.

    What is given, the site or a model, is sent to workers once, however many parts use it; so it
    must not be changed by a part, nor between two calls that name it.
    """

    @property
    def width(self) -> int:
        """How many parts run side by side."""
        ...

    def start(
        self, task: Callable[[Given, Item], Result], given: Given, items: Sequence[Item]
    ) -> AbstractContextManager[Iterator[Result]]:
        """Begin; give the results of ``task(given, item)`` in the order of the items.

        What has not been asked for at the end of the context may never run.
        """
        ...

    def sweep(
        self,
        task: Callable[[Given, Item, float], Result],
        given: Given,
        items: Sequence[Item],
        limit_s: float,
    ) -> AbstractContextManager[Iterator[Result | None]]:
        """Begin; give the results of ``task(given, item, seconds left)`` in the order of the items.

        ``limit_s`` is what one worker may spend on its items, the first ones first; ``None`` for
        those that the time did not reach. So workers reach more items, and none takes longer.
        """
        ...


class InProcess:
    """One after the other, here, each when its result is asked for."""

    width = 1

    @contextmanager
    def start(
        self, task: Callable[[Given, Item], Result], given: Given, items: Sequence[Item]
    ) -> Iterator[Iterator[Result]]:
        """Give the results; nothing runs before it is asked for."""
        yield (task(given, item) for item in items)

    @contextmanager
    def sweep(
        self,
        task: Callable[[Given, Item, float], Result],
        given: Given,
        items: Sequence[Item],
        limit_s: float,
    ) -> Iterator[Iterator[Result | None]]:
        """Give the results; the clock runs while one is worked on."""
        yield in_turn(task, given, items, limit_s)


def in_turn(
    task: Callable[[Given, Item, float], Result],
    given: Given,
    items: Sequence[Item],
    limit_s: float,
) -> Iterator[Result | None]:
    """Yield the results of items that share a time, ``None`` for those that it did not reach."""
    spent_s = 0.0
    for item in items:
        if spent_s >= limit_s:
            yield None
            continue
        since = time.monotonic()
        result = task(given, item, limit_s - spent_s)
        spent_s += time.monotonic() - since
        yield result


def is_wanted() -> bool:
    """Whether somebody still waits for what runs here; false only for a cancelled part of a job.

    Nothing can end a thread from outside, so long parts ask from time to time.
    """
    distributed: Any = sys.modules.get("distributed")
    if distributed is None:
        return True
    try:
        worker = distributed.get_worker()
    except ValueError:  # not on a worker
        return True
    state = worker.state.tasks.get(worker.get_current_task())
    return getattr(state, "state", "") != "cancelled"


@contextmanager
def open_executor(workers: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Give an executor: this process, so many workers on this machine, or a scheduler's address.

    Raises ``MissingError`` when the extra is not installed, no scheduler answers, it has no
    workers, or these run another version.
    """
    if workers is None and scheduler is None:
        yield InProcess()
        return
    if sys.modules.get("dask", ...) is None:  # the command line keeps it out of sight
        del sys.modules["dask"]
    try:
        from optimiser.solve.cluster import connected, own_workers
    except ImportError:
        raise MissingError("workers need the extra 'cluster'", EXTRA) from None
    with connected(scheduler) if scheduler is not None else own_workers(workers or 1) as executor:
        yield executor
