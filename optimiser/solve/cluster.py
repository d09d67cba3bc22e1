"""The executor whose parts run on the workers of a Dask scheduler, ours or somebody's.

Loads Dask, so only :func:`optimiser.solve.executor.open_executor` imports it.
"""

from __future__ import annotations

import logging
import os
import pickle
import platform
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import dask
import distributed
from distributed.scheduler import KilledWorker

from optimiser.errors import MissingError
from optimiser.solve.executor import Given, Item, Result, in_turn

CONNECT_S = 10.0
"""Time for a scheduler to answer, and for its first worker to come [s]."""
LARGE_GRAPH = {"distributed.admin.large-graph-warning-threshold": "4GiB"}
"""What is given travels inside its task on purpose: so it is there again when a worker dies."""
LEFT_BEHIND = "ignore:resource_tracker"
"""Warning of the helper of multiprocessing, which takes over our options when it starts: what a
worker that was struck left behind, it clears away."""
LOST = (distributed.CancelledError, KilledWorker, TimeoutError, OSError)


class Cluster:
    """Side by side on the workers of a Dask scheduler."""

    def __init__(self, client: distributed.Client) -> None:
        self.client = client
        self._sent: dict[int, tuple[object, Any]] = {}

    @contextmanager
    def start(
        self, task: Callable[[Given, Item], Result], given: Given, items: Sequence[Item]
    ) -> Iterator[Iterator[Result]]:
        """Start all items at once; at the end of the context what still runs is cancelled.

        An item whose workers keep dying, or whose scheduler is gone, is run in this process.
        """
        sent = self._send(given) if items else None
        futures = [self._submit(task, sent, item) for item in items]
        try:
            yield (
                _result(future, task, given, item)
                for future, item in zip(futures, items, strict=True)
            )
        finally:
            waiting = [future for future in futures if future is not None and not future.done()]
            if waiting and self.client.status == "running":
                self.client.cancel(waiting, force=True)

    @contextmanager
    def sweep(
        self,
        task: Callable[[Given, Item, float], Result],
        given: Given,
        items: Sequence[Item],
        limit_s: float,
    ) -> Iterator[Iterator[Result | None]]:
        """Deal the items out to as many tracks as there are workers, each with the whole time."""
        num = max(1, min(len(items), self.width))
        tracks = [items[k::num] for k in range(num)] if items else []
        with self.start(partial(_track, task, limit_s), given, tracks) as done:
            yield _dealt(done, len(items))

    def _send(self, given: object) -> Any:
        """Return what stands for a value on the workers.

        A task that unpacks it, not scattered data: the scheduler can run a task again where a
        worker died with all that it held.
        """
        if id(given) not in self._sent:
            # the value is kept too, so that its id stays its own
            self._sent[id(given)] = (given, self._submit(pickle.loads, pickle.dumps(given, 5)))
        return self._sent[id(given)][1]

    def _submit(self, task: Callable[..., Any], *args: Any) -> Any:
        """Return the future of a task, ``None`` where nobody would take it."""
        if self.client.status != "running" or args[0] is None:
            return None
        return self.client.submit(task, *args, pure=False)

    @property
    def width(self) -> int:
        """How many parts run side by side; one where the scheduler is gone."""
        if self.client.status != "running":
            return 1
        try:
            return max(1, sum(self.client.nthreads().values()))
        except LOST:
            return 1


def _track(
    task: Callable[[Given, Item, float], Result], limit_s: float, given: Given, items: list[Item]
) -> list[Result | None]:
    return list(in_turn(task, given, items, limit_s))


def _dealt(done: Iterator[list[Result]], num_items: int) -> Iterator[Result]:
    """Yield the results of tracks in the order of the items that were dealt out."""
    tracks = list(done)
    for k in range(num_items):
        yield tracks[k % len(tracks)][k // len(tracks)]


def _result(future: Any, task: Callable[[Given, Item], Result], given: Given, item: Item) -> Result:
    if future is None:
        return task(given, item)
    try:
        return future.result()
    except LOST:
        return task(given, item)


@contextmanager
def own_workers(workers: int) -> Iterator[Cluster]:
    """Give an executor with so many workers as processes on this machine; they end with it."""
    _keep_quiet()
    with (
        dask.config.set(LARGE_GRAPH),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            # any free port: the usual one may be somebody's, which would be told as a warning
            scheduler_kwargs={"dashboard_address": ":0"},
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.register_plugin(Quiet())
        yield Cluster(client)


@contextmanager
def connected(scheduler: str) -> Iterator[Cluster]:
    """Give an executor on a scheduler's workers.

    Raises ``MissingError`` when no scheduler answers, it has no workers, or these run another
    version.
    """
    _keep_quiet()
    with dask.config.set(LARGE_GRAPH), _connect(scheduler) as client:
        _check_workers(client, scheduler)
        yield Cluster(client)


class Quiet(distributed.WorkerPlugin):
    """Lets workers of our own end without a word; lost ones are no news, as their parts come.

    Ctrl-C reaches all processes of a terminal; only the one in front decides what it means.
    """

    name = "quiet"

    def setup(self, worker: distributed.Worker) -> None:
        """Say nothing from now on; runs in the main thread of each worker, also of a new one."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)


def _keep_quiet() -> None:
    """Log nothing about lost workers; about the loops of others what they log stays."""
    if LEFT_BEHIND not in sys.warnoptions:
        sys.warnoptions.append(LEFT_BEHIND)
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("asyncio", "tornado.application"):
        logging.getLogger(name).addFilter(_is_of_others)


def _is_of_others(record: logging.LogRecord) -> bool:
    return "distributed" not in record.getMessage()


def _connect(scheduler: str) -> distributed.Client:
    try:
        return distributed.Client(scheduler, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as error:
        what = f"no scheduler answers at {scheduler!r}: {error}"
        raise MissingError(
            what, "start one with 'dask scheduler', or correct the address"
        ) from None


def _check_workers(client: distributed.Client, scheduler: str) -> None:
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
        from optimiser.solve.cluster import versions as theirs
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
