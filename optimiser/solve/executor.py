"""Where independent parts of a job run: in this process, on workers of our own, or on a cluster.

All executors give the same results in the same order. A worker that dies costs time only: its part
is run again elsewhere, and in this process when the cluster as a whole is lost.
"""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from optimiser.errors import MissingError

Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_S = 10.0
"""Time for a scheduler to answer, and for its first worker to come [s]."""
EXTRA = "pip install 'dc-optimiser[cluster]'"


class Executor(Protocol):
    """Runs one function over many items."""

    def start(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> AbstractContextManager[Iterator[Result]]:
        """Begin; give the results in the order of the items.

        What has not been asked for at the end of the context may never run.
        """
        ...


class InProcess:
    """One after the other, here, each when its result is asked for."""

    @contextmanager
    def start(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Iterator[Result]]:
        """Give the results; nothing runs before it is asked for."""
        yield map(task, items)


class Cluster:
    """Side by side on the workers of a Dask scheduler."""

    def __init__(self, client: Any) -> None:
        self.client = client

    @contextmanager
    def start(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Iterator[Result]]:
        """Start all items at once; at the end of the context what still runs is cancelled.

        An item whose workers keep dying, or whose scheduler is gone, is run in this process.
        """
        futures = [self.client.submit(task, item, pure=False) for item in items]
        try:
            yield (_result(future, task, item) for future, item in zip(futures, items, strict=True))
        finally:
            waiting = [future for future in futures if not future.done()]
            if waiting and self.client.status == "running":
                self.client.cancel(waiting, force=True)


def _result(future: Any, task: Callable[[Item], Result], item: Item) -> Result:
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except (CancelledError, KilledWorker, TimeoutError, OSError):
        return task(item)


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
        import distributed
    except ImportError:
        raise MissingError("workers need the extra 'cluster'", EXTRA) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # lost workers are no news here
    if scheduler is None:
        with distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster, distributed.Client(cluster) as client:  # fmt: skip
            yield Cluster(client)
        return
    with _connect(distributed, scheduler) as client:
        _check_workers(client, scheduler)
        yield Cluster(client)


def _connect(distributed: Any, scheduler: str) -> Any:
    try:
        return distributed.Client(scheduler, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as error:
        what = f"no scheduler answers at {scheduler!r}: {error}"
        raise MissingError(
            what, "start one with 'dask scheduler', or correct the address"
        ) from None


def _check_workers(client: Any, scheduler: str) -> None:
    """Refuse a scheduler without workers, or with workers that would compute something else."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError:
        remedy = f"start one with 'dask worker {scheduler}'"
        raise MissingError(f"the scheduler at {scheduler!r} has no workers", remedy) from None
    here = versions()
    told = {name: found for name, found in client.run(_try_versions).items() if found != here}
    if told:
        name, found = next(iter(told.items()))
        what = f"worker {name} has {found or 'no dc-optimiser'}, this process {here}"
        raise MissingError(what, "install the same versions on all workers")


def _try_versions() -> str:
    try:
        from optimiser.solve.executor import versions as theirs
    except ImportError:
        return ""
    return theirs()


def versions() -> str:
    """Return what must be alike for two processes to compute the same."""
    from importlib.metadata import version

    import numba
    import numpy as np

    parts = {
        "dc-optimiser": version("dc-optimiser"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "highspy": version("highspy"),
    }
    return ", ".join(f"{name} {number}" for name, number in parts.items())
