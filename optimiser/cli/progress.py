"""The live line while a plan is made: what is going on, best plan, bound, gap, time."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from optimiser.cli.call import Call

if TYPE_CHECKING:
    from rich.live import Live

    from optimiser.workflow.plan import Tick

CLEAR_S = 0.25
"""Time between two drawings of the line [s]."""


class Progress:
    """Receives phases and ticks; draws them when somebody looks, keeps the signal that came."""

    def __init__(self, live: Live | None) -> None:
        self._live = live
        self._phase = "reading"
        self._tick: Tick | None = None
        self.was_interrupted = False
        self.was_terminated = False
        self.is_finishing = False

    def phase(self, name: str) -> None:
        """Show that a phase begins."""
        self._phase = name
        self._draw()

    def tick(self, tick: Tick) -> None:
        """Show the state of the search."""
        self._tick = tick
        self._phase = tick.phase
        self._draw()

    def finishing(self) -> None:
        """From now on what was found is only checked and stored."""
        self.is_finishing = True

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(progress_line(self._phase, self._tick))


def progress_line(phase: str, tick: Tick | None) -> Any:
    """Return the line as rich text."""
    from rich.text import Text

    from optimiser.report.text import percent

    parts = [(f"{phase:<12}", "bold")]
    if tick is not None and tick.best is not None:
        parts.append((f"  best {tick.best:,.2f}", "green"))
    if tick is not None and tick.bound is not None:
        parts.append((f"  bound {tick.bound:,.2f}", ""))
    if tick is not None and tick.gap is not None:
        parts.append((f"  gap {percent(tick.gap)}", "cyan"))
    if tick is not None and tick.hosts_on is not None:
        parts.append((f"  {tick.hosts_on:,} hosts on", ""))
    if tick is not None:
        parts.append((f"  {tick.seconds:.0f} s", "dim"))
    return Text.assemble(*parts)


@contextlib.contextmanager
def live_progress(call: Call) -> Iterator[Progress]:
    """Give a progress that draws on standard error, unless quiet, JSON or piped.

    While it is open SIGTERM stops the search like Ctrl-C does, so that the best plan is kept.
    """
    with contextlib.ExitStack() as stack:
        live = None
        if not call.quiet and not call.json and sys.stderr.isatty():
            live = stack.enter_context(_live())
        progress = Progress(live)
        stack.enter_context(_signals_to(progress, call))
        yield progress


def _live() -> Live:
    from rich.live import Live
    from rich.text import Text

    from optimiser.cli.console import message_console

    return Live(
        Text("reading"),
        console=message_console(),
        transient=True,
        refresh_per_second=1 / CLEAR_S,
        redirect_stdout=False,
    )


@contextlib.contextmanager
def _signals_to(progress: Progress, call: Call) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the search; once it has ended, the first one only waits."""

    def stop(number: int, _: object) -> None:
        """Remember the first signal; break off at once with the second."""
        is_second = progress.was_interrupted
        progress.was_interrupted = True
        progress.was_terminated |= number == signal.SIGTERM
        call.terminated = progress.was_terminated
        if is_second or not progress.is_finishing:
            raise KeyboardInterrupt

    try:
        before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: signals belong to whoever called us
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
