"""Which demand steps need rows of their own."""

from __future__ import annotations

import numpy as np

MOST_CANDIDATES = 64


def covering_steps(demand: np.ndarray) -> np.ndarray:
    """Return the steps (n,) such that every other step asks for no more than one of them.

    ``demand`` (item, step). A step that is below another one for every item can never bind first.
    Beyond ``MOST_CANDIDATES`` steps the comparison stops and steps are kept, which is always safe.
    """
    return np.unique(step_cover(demand))


def step_cover(demand: np.ndarray) -> np.ndarray:
    """Return for each step (step,) a step at which every item asks for at least as much."""
    num_steps = demand.shape[1]
    cover = np.arange(num_steps)
    if not len(demand) or num_steps == 1:
        return np.zeros(num_steps, dtype=np.int64)
    if not (demand != demand[:, :1]).any():
        return np.zeros(num_steps, dtype=np.int64)
    order = np.argsort(-demand.sum(axis=0), kind="stable")
    kept: list[int] = []
    for step in order.tolist():
        if kept:
            candidates = np.array(kept[:MOST_CANDIDATES])
            above = (demand[:, candidates] >= demand[:, [step]]).all(axis=0)
            if above.any():
                cover[step] = candidates[int(np.argmax(above))]
                continue
        kept.append(step)
    return cover
