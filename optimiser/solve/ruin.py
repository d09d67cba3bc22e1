"""Compiled ruin and recreate: empty some hosts, put their workloads back better.

One round removes the workloads of a few hosts (or of one service, or a sample), reinserts them
largest first where they cost least, and keeps the result when it is cheaper or, early on, a
little dearer (threshold accepting). Every intermediate placement obeys the hard rules that can be
checked at insertion; rules about whole groups, reserves and budgets are checked before a round is
accepted.
"""

from __future__ import annotations

import numpy as np

from optimiser.solve.arrays import Data, State
from optimiser.solve.gangs import waiting_price
from optimiser.solve.kernel import (
    add,
    entry,
    hold_on,
    is_on,
    jit,
    remove,
    shortfall,
)
from optimiser.solve.place_kernel import moves_price, num_without
from optimiser.solve.refill import (
    DRAWN,
    draw,
    is_urgent,
    keeps_groups,
    refill,
    requeue,
    those_waiting,
    undo,
)
from optimiser.solve.row_kernel import may_wake
from optimiser.solve.scoring import best_host

LURE = 0.25  # share of rounds in which a sleeping host is woken to gather work
REFILLS = 0.5  # share of rounds that fill hosts anew, where workloads may wait
TRIES = 64  # hosts filled anew in one round, where workloads may wait


@jit
def pick_host(state: State, data: Data) -> int:
    """Return a host that is on and better not were, the worst of a few random ones.

    Worst is either the emptiest or the dearest for what it holds.
    """
    best, highest, by_price = -1, -np.inf, np.random.random() < 0.5
    for _ in range(200):
        host = np.random.randint(len(data.rack))
        if state.members[host] == 0:
            continue
        share = np.sqrt(state.fullness[host])
        value = -share - 0.3 * np.random.random()
        if by_price:
            value = state.cost[host] / (max(share, 0.05) * data.host_size[host])
        if value > highest:
            best, highest = host, value
        if np.random.random() < 0.34:
            break
    return best


@jit
def lure(data: Data, state: State) -> int:
    """Wake a random sleeping host for one round, so that work may gather there; −1 for none."""
    for _ in range(20):
        host = np.random.randint(len(data.rack))
        if not is_on(state, host) and data.usable[host] and may_wake(data, state, host):
            hold_on(data, state, host, True)
            return host
    return -1


@jit
def empty_host(data: Data, state: State, host: int, keep: float, out: np.ndarray, n: int) -> int:
    """Remove a host's workloads, each kept with probability ``keep``; return the new count."""
    workload = state.head[host]
    while workload >= 0:
        after = state.following[workload]
        if n < len(out) and np.random.random() >= keep:
            remove(data, state, workload)
            out[n] = workload
            n += 1
        workload = after
    return n


@jit
def empty_group(data: Data, state: State, workload: int, out: np.ndarray, n: int) -> int:
    """Remove every member of one group that a workload belongs to."""
    if len(data.num_domains) == 0:
        return n
    rule = np.random.randint(len(data.num_domains))
    group = data.group[rule, workload]
    if group < 0:
        return n
    for other in range(len(data.flavour)):
        if data.group[rule, other] == group and state.host[other] >= 0 and n < len(out):
            remove(data, state, other)
            out[n] = other
            n += 1
    return n


@jit
def ruin(
    data: Data, state: State, out: np.ndarray, n: int, origin: np.ndarray, masks: np.ndarray
) -> int:
    """Remove the workloads of one round; fill ``out``, their hosts and their devices.

    The first ``n`` of ``out`` have no host yet and take part. Returns how many do in all.
    """
    before, devices = state.host.copy(), state.device_mask.copy()
    kind = np.random.random()
    first = pick_host(state, data)
    if n > 0 and kind < 0.7:
        first = allowed_host(data, out[np.random.randint(n)])
    if first < 0:
        return n
    if 0.7 <= kind < 0.8 and state.head[first] >= 0:
        n = empty_group(data, state, state.head[first], out, n)
    n = empty_host(data, state, first, 0.0, out, n)
    for _ in range(np.random.randint(1, 5)):
        other = pick_host(state, data) if np.random.random() < 0.5 else any_host(state, data)
        if other >= 0:
            n = empty_host(data, state, other, 0.0 if kind < 0.5 else 0.6, out, n)
    for position in range(n):
        origin[position] = before[out[position]]
        masks[position] = devices[out[position]]
    return n


@jit
def allowed_host(data: Data, workload: int) -> int:
    """Return a random host that a workload may use."""
    allowed = np.flatnonzero(data.allowed[data.elig[workload]])
    return allowed[np.random.randint(len(allowed))] if len(allowed) > 0 else -1


@jit
def any_host(state: State, data: Data) -> int:
    """Return some random host that holds workloads."""
    for _ in range(50):
        host = np.random.randint(len(data.rack))
        if state.members[host] > 0:
            return host
    return -1


@jit
def recreate(
    data: Data,
    state: State,
    out: np.ndarray,
    n: int,
    weight: np.ndarray,
    tightness: float,
    scale: float,
    stamp: np.ndarray,
    mark: int,
) -> int:
    """Insert workloads largest first (with noise); return how many found no host."""
    key = np.empty(n)
    for position in range(n):
        key[position] = -weight[out[position]] * (1.0 + 0.3 * np.random.random())
    order = np.argsort(key)
    failed = 0
    value = np.empty(len(data.rack))
    for position in order:
        mark -= 1
        host = best_host(data, state, out[position], tightness, scale, stamp, mark, value)
        if host < 0:
            failed += 1
        else:
            add(data, state, out[position], host, np.uint64(0))
    return failed


@jit
def potential(data: Data, state: State, reward: float) -> float:
    """Cost of all hosts and moves at the current prices, less a reward for uneven filling.

    Plateaus of equal cost are wide; squares of fullness tell which way a host gets empty.
    """
    total = state.cost.sum() - reward * state.fullness.sum()
    for workload in range(len(data.flavour)):
        host, today = state.host[workload], data.today[workload]
        if today >= 0 and host >= 0 and host != today:
            total += data.move_cost[workload]
    return total + moves_price(data, state) + waiting_price(data, state)


@jit
def all_keep_groups(data: Data, state: State, workloads: np.ndarray, n: int) -> bool:
    """Whether the groups of the first ``n`` workloads hold, as far as these have hosts."""
    for position in range(n):
        workload = workloads[position]
        if state.host[workload] >= 0 and not keeps_groups(data, state, workload):
            return False
    return True


@jit
def count_urgent(data: Data, state: State, workloads: np.ndarray, n: int) -> int:
    """Return how many of the first ``n`` workloads have no host and must have one."""
    found = 0
    for position in range(n):
        workload = workloads[position]
        if state.host[workload] < 0 and is_urgent(data, workload):
            found += 1
    return found


@jit
def refill_some(
    data: Data, state: State, weight: np.ndarray, reward: float,
    current: float, short: float, without: int,
    others: np.ndarray, num_others: int,
    out: np.ndarray, origin: np.ndarray, masks: np.ndarray,
) -> tuple[float, int, int]:  # fmt: skip
    """Fill some hosts anew, one after another, and keep what is cheaper.

    Returns the potential, how many still wait of ``others``, and how many hosts were improved.
    """
    done = 0
    for _ in range(TRIES):
        host, drawn = any_host(state, data), min(num_others, DRAWN, max(1, len(out) // 4))
        if host < 0 or drawn == 0:
            break
        draw(others, num_others, drawn, out, 0)
        origin[:drawn], masks[:drawn] = -1, np.uint64(0)
        n, gain = refill(data, state, host, out, drawn, origin, masks, weight)
        legal = (
            gain > 0.0 and shortfall(data, state) <= short and all_keep_groups(data, state, out, n)
        )
        legal = legal and (data.place.is_local or num_without(data, state) <= without)
        cost = potential(data, state, reward) if legal else np.inf
        if cost < current:
            current, done = cost, done + 1
            num_others = requeue(data, state, others, num_others, drawn, out, n, False)
        else:
            undo(data, state, out, origin, masks, n)
    return current, num_others, done


@entry
def fill_anew(data: Data, state: State, weight: np.ndarray, rounds: int, seed: int) -> float:
    """Fill hosts anew where that lets more, or more dearly priced, workloads run.

    Returns the change in potential.
    """
    np.random.seed(seed)
    out = np.empty(min(len(data.flavour), 4000), dtype=np.int64)
    origin, masks = np.empty_like(out), np.empty(len(out), dtype=np.uint64)
    others, num_others = those_waiting(data, state, False)
    without = 0 if data.place.is_local else num_without(data, state)
    short, start = shortfall(data, state), potential(data, state, 0.0)
    current = start
    for _ in range(rounds if num_others > 0 else 0):
        current, num_others, _ = refill_some(
            data, state, weight, 0.0, current, short, without,
            others, num_others, out, origin, masks,
        )  # fmt: skip
    return current - start


@entry
def search(
    data: Data,
    state: State,
    weight: np.ndarray,
    rounds: int,
    temperature: float,
    cooling: float,
    scale: float,
    reward: float,
    seed: int,
) -> tuple[float, int]:
    """Run rounds of ruin and recreate; return the change in potential and the rounds accepted.

    ``temperature`` is the largest worsening accepted (money), multiplied by ``cooling`` each
    round. ``scale`` is a typical host's cost, which makes scores comparable;
    ``reward`` (money) is what the square of a host's fullness is worth.
    """
    np.random.seed(seed)
    out = np.empty(min(len(data.flavour), 4000), dtype=np.int64)
    origin = np.empty(len(out), dtype=np.int64)
    masks = np.empty(len(out), dtype=np.uint64)
    stamp = np.zeros(int(data.host_class.max()) + 1, dtype=np.int64)
    urgent, num_urgent = those_waiting(data, state, True)
    others, num_others = those_waiting(data, state, False)
    short, is_local = shortfall(data, state), data.place.is_local
    without = 0 if is_local else num_without(data, state)
    accepted, mark = 0, -1
    start = potential(data, state, reward)
    current = start
    for _ in range(rounds):
        temperature *= cooling
        if num_others > 0 and np.random.random() < REFILLS:
            current, num_others, done = refill_some(
                data, state, weight, reward, current, short, without,
                others, num_others, out, origin, masks,
            )  # fmt: skip
            accepted += done
            continue
        first = min(num_urgent, max(1, len(out) // 2))
        drawn = first + min(num_others, DRAWN, max(1, len(out) // 4))
        draw(urgent, num_urgent, first, out, 0)
        draw(others, num_others, drawn - first, out, first)
        origin[:drawn], masks[:drawn] = -1, np.uint64(0)
        n = ruin(data, state, out, drawn, origin, masks)
        if n == 0:
            continue
        mark -= n + 1
        tightness = 0.5 * np.random.random()
        woken = lure(data, state) if np.random.random() < LURE else -1
        recreate(data, state, out, n, weight, tightness, scale, stamp, mark)
        failed = num_urgent - first + count_urgent(data, state, out, n)
        if woken >= 0:
            hold_on(data, state, woken, False)
        missing = shortfall(data, state)
        legal = failed <= num_urgent and missing <= short
        apart = 0 if is_local else num_without(data, state)
        legal = legal and apart <= without
        legal = legal and all_keep_groups(data, state, out, n)
        cost = potential(data, state, reward) if legal else np.inf
        better = failed < num_urgent or missing < short or apart < without
        if legal and (better or cost < current + temperature * np.random.random()):
            current, short, without = cost, missing, apart
            accepted += 1
            num_urgent = requeue(data, state, urgent, num_urgent, first, out, n, True)
            num_others = requeue(data, state, others, num_others, drawn - first, out, n, False)
        else:
            undo(data, state, out, origin, masks, n)
    return current - start, accepted
