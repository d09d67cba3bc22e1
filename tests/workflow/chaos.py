"""Blows at random moments to ``dcopt plan``, and what has to be true afterwards.

``python -m workflow.chaos FIRST COUNT [SITE]`` (from ``tests``) deals COUNT seeded blows to plans
of a bundled site, ``small`` by default.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from instances.processes import children_of, is_alive

import optimiser
from optimiser.store.manifest import changed_files
from optimiser.store.runs import read_run
from optimiser.workflow.verify import verify_run

HOME = Path(optimiser.__file__).parents[1]
BLOWS = (
    "kill child", "kill parent", "interrupt", "terminate", "interrupt twice", "small files",
    "full disk", "little memory",
)  # fmt: skip
DRAFT = ".draft-"
PATIENCE_S = 180.0
SETTLE_S = 15.0
KIB = 1024
EXITS = {
    "kill child": {0, 5},
    "kill parent": {0, 128 + signal.SIGKILL},
    "interrupt": {0, 130},
    "terminate": {0, 143},
    "interrupt twice": {0, 130},
    "small files": {0, 5, 69},
    "full disk": {0, 69},
    "little memory": {0, 5},
}
"""Documented exit codes after each blow; a signal that comes after the end changes nothing. Python
itself dies of a signal before the first line of ours or after the last one, which a shell tells by
the same number."""


@dataclass
class Outcome:
    """What became of one plan: how it ended, what it said, which processes it had."""

    blow: str
    moment_s: float
    code: int
    said: str
    wrong: list[str] = field(default_factory=list)
    struck: bool = True


def is_solver(pid: int) -> bool:
    """Whether a process is one that solves; others live for a moment only."""
    try:
        return b"optimiser.solve.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


class Arena:
    """A site with an older run that has been verified, on which plans are struck."""

    def __init__(self, site: Path, scratch: Path) -> None:
        self.site, self.scratch = site, scratch
        self.seconds = PATIENCE_S
        for _ in range(2):  # the first one on a machine compiles, and no later one takes as long
            self.seconds = min(self.seconds, self._plan())
        assert verify_run(self.runs / "latest").is_verified
        self._tidy()

    def _plan(self) -> float:
        """Plan undisturbed; return how long that takes [s]."""
        began = time.monotonic()
        done = self.start(self.runs, lambda: None)
        _, said = done.communicate(timeout=PATIENCE_S)
        assert done.returncode == 0, said
        return time.monotonic() - began

    @property
    def runs(self) -> Path:
        """The folder of runs beside the site."""
        return self.site / "runs"

    def start(self, runs: Path, prepare: Callable[[], None]) -> subprocess.Popen[str]:
        """Start a plan as a process; ``prepare`` runs in it before anything else."""
        self.scratch.mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "optimiser", "plan", str(self.site), "--runs", str(runs)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HOME), "TMPDIR": str(self.scratch)},
            preexec_fn=prepare,  # noqa: PLW1509 - no threads are running here
        )

    def strike(self, seed: int, blow: str) -> Outcome:
        """Deal one blow at a moment that the seed chooses, and look at what is left."""
        rng = random.Random(seed)
        moment = rng.uniform(0.1, self.seconds)
        if blow == "full disk":
            return self._on_a_full_disk(rng, moment)
        amount = KIB * rng.randint(1, 2_000)
        prepare = _limit_files(amount) if blow == "small files" else lambda: None
        before = self._complete(self.runs)
        process = self.start(self.runs, prepare)
        children: set[int] = set()
        struck = _deal(process, blow, moment, rng, children)
        outcome = self._ended(process, blow, moment, children, struck=struck)
        left = [] if blow == "kill parent" else [_leftovers(self.runs), _leftovers(self.scratch)]
        outcome.wrong += [f"left behind: {names}" for names in left if names]
        outcome.wrong += self._what_is_wrong(self.runs, before)
        self._tidy()
        return outcome

    def _on_a_full_disk(self, rng: random.Random, moment: float) -> Outcome:
        """Let a plan write its run into a file system of a few hundred kibibytes."""
        place = self.scratch.with_name("disk")
        place.mkdir(exist_ok=True)
        size = f"size={rng.randint(16, 4_000)}k"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], check=True)
        try:
            process = self.start(place / "runs", lambda: None)
            outcome = self._ended(process, "full disk", moment, set())
            if (place / "runs").exists():
                outcome.wrong += self._what_is_wrong(place / "runs", set())
                outcome.wrong += [f"left: {n}" for n in [_leftovers(place / "runs")] if n]
            if outcome.code == 69 and "No space left" not in outcome.said:
                outcome.wrong.append(f"the full disk is not told: {outcome.said}")
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)
        return outcome

    def _ended(
        self,
        process: subprocess.Popen[str],
        blow: str,
        moment: float,
        children: set[int],
        *,
        struck: bool = True,
    ) -> Outcome:
        _, said = process.communicate(timeout=PATIENCE_S)
        code = process.returncode if process.returncode >= 0 else 128 - process.returncode
        outcome = Outcome(blow, moment, code, said, struck=struck)
        if code not in EXITS[blow]:
            outcome.wrong.append(f"exit code {code}, not one of {sorted(EXITS[blow])}")
        if "Traceback" in said:
            outcome.wrong.append("a stack trace was shown")
        end = time.monotonic() + SETTLE_S
        while any(map(is_alive, children)) and time.monotonic() < end:
            time.sleep(0.05)
        outcome.wrong += [f"process {pid} stays behind" for pid in children if is_alive(pid)]
        return outcome

    def _complete(self, runs: Path) -> set[str]:
        return {p.name for p in runs.iterdir() if not p.name.startswith(".")} - {"latest"}

    def _what_is_wrong(self, runs: Path, before: set[str]) -> list[str]:
        """Read every run that is visible; the newest, and what ``latest`` names, are verified."""
        names = self._complete(runs)
        found = [f"the older run {name} is gone" for name in before - names]
        for name in names:
            run = read_run(runs / name)
            changed = changed_files(run.folder, run.manifest)
            found += [f"{name}: {one} is not what was written" for one in changed]
        for name in [*(names - before), *(["latest"] if names else [])]:
            told = verify_run(runs / name)
            found += [f"{name}: {sentence}" for sentence in told.refusals]
        return found

    def _tidy(self) -> None:
        """Keep the newest run only, so that looking at them stays quick."""
        newest = (self.runs / "latest").resolve()
        for path in self.runs.iterdir():
            if path.is_dir() and not path.is_symlink() and path.resolve() != newest:
                shutil.rmtree(path)
        shutil.rmtree(self.scratch, ignore_errors=True)


def _leftovers(folder: Path) -> list[str]:
    """Return what should not be there: drafts of runs, folders of solves."""
    if not folder.exists():
        return []
    names = (path.name for path in folder.iterdir())
    return [name for name in names if name.startswith((DRAFT, "dcopt-"))]


def _limit_files(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _deal(
    process: subprocess.Popen[str],
    blow: str,
    moment: float,
    rng: random.Random,
    children: set[int],
) -> bool:
    """Wait for the moment and strike; return whether there was something to strike."""
    end, aims_at_child = time.monotonic() + moment, blow in ("kill child", "little memory")
    if aims_at_child:  # solvers come and go: strike the first soon after it has come
        end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        children |= children_of(process.pid)
        if aims_at_child and any(map(is_solver, children)):
            time.sleep(rng.uniform(0.0, 0.3))
            break
        time.sleep(0.005)
    children |= children_of(process.pid)
    if process.poll() is not None or (aims_at_child and not children):
        return False
    if blow == "kill parent":
        process.kill()
    elif blow == "terminate":
        process.send_signal(signal.SIGTERM)
    elif blow in ("interrupt", "interrupt twice"):
        process.send_signal(signal.SIGINT)
        if blow == "interrupt twice":
            time.sleep(rng.uniform(0.0, 0.5))
            process.send_signal(signal.SIGINT)
    if aims_at_child:
        struck = [_strike_child(pid, blow, rng) for pid in children if is_solver(pid)]
        return any(struck)
    return True


def _strike_child(pid: int, blow: str, rng: random.Random) -> bool:
    """Strike a child; return whether it was there."""
    if not is_alive(pid):
        return False
    try:
        if blow == "kill child":
            os.kill(pid, signal.SIGKILL)
            return True
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + KIB * rng.randint(0, 8_000)
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
    except (OSError, ValueError):
        return False  # it has ended by itself
    return True


def can_mount() -> bool:
    """Whether small file systems can be made here."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as name:
        line = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", name]
        if subprocess.run(line, capture_output=True, check=False).returncode:
            return False
        subprocess.run(["umount", name], check=True)
    return True


def main(arguments: list[str]) -> int:
    """Deal blows to plans of a bundled site and tell what went wrong."""
    first, count = (int(text) for text in arguments[:2])
    blows = [blow for blow in BLOWS if blow != "full disk" or can_mount()]
    outcomes: Counter[tuple[str, int, bool]] = Counter()
    failed = False
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        site = Path(name) / "site"
        kind = arguments[2] if len(arguments) > 2 else "small"
        line = [sys.executable, "-m", "optimiser", "init", str(site), "--site", kind]
        subprocess.run(
            line, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(HOME)}
        )
        with (site / "study.yaml").open("a", encoding="utf-8") as study:
            study.write("\nsolver: {time_limit_s: 3}\n")
        arena = Arena(site, Path(name) / "tmp")
        for seed in range(first, first + count):
            outcome = arena.strike(seed, blows[seed % len(blows)])
            outcomes[outcome.blow, outcome.code, outcome.struck] += 1
            for sentence in outcome.wrong:
                failed = True
                print(f"seed {seed}, {outcome.blow} at {outcome.moment_s:.2f} s: {sentence}")
                print(f"    {outcome.said.strip()[-300:]}", flush=True)
    for (blow, code, struck), number in sorted(outcomes.items()):
        print(f"{blow:<16} exit {code:>4}  {number:>4}{'' if struck else '  (came too late)'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
