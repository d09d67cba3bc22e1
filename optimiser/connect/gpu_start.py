"""First fit over nodes with shared and whole GPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

DEVICE = 1000


class _Room:
    """What is left free on each node; the arrays shrink while pods are placed."""

    def __init__(self, nodes: pd.DataFrame) -> None:
        self.cpu = nodes["cpu_milli"].to_numpy(copy=True)
        self.memory = nodes["memory_mib"].to_numpy(copy=True)
        count = nodes["gpu"].to_numpy()
        slots = np.arange(max(int(count.max()), 1))
        self.device = np.where(slots < count[:, None], DEVICE, 0)
        """(node, device) free thousandths."""

    def first_node(self, cpu: int, memory: int, gpu: int, allowed: np.ndarray) -> int:
        """Return the first node with room, or -1. ``gpu`` is a share or whole multiples."""
        fits = allowed & (self.cpu >= cpu) & (self.memory >= memory)
        if gpu >= DEVICE:
            fits &= (self.device == DEVICE).sum(axis=1) >= gpu // DEVICE
        elif gpu:
            fits &= self.device.max(axis=1) >= gpu
        node = int(fits.argmax())
        return node if fits[node] else -1

    def take(self, node: int, cpu: int, memory: int, gpu: int) -> list[int]:
        """Use the room and return the devices: whole ones, or the first that holds the share."""
        self.cpu[node] -= cpu
        self.memory[node] -= memory
        if not gpu:
            return []
        free = np.flatnonzero(self.device[node] >= min(gpu, DEVICE))
        used = free[: max(gpu // DEVICE, 1)]
        self.device[node, used] -= min(gpu, DEVICE)
        return [int(device) for device in used]


def place_first_fit(nodes: pd.DataFrame, pods: pd.DataFrame) -> pd.DataFrame:
    """Return ``workload, host, devices`` for the pods that found room, in order of arrival.

    Arrival is ``creation_time`` where the list has it, else the order of the list. Each pod goes
    to the first node of the list with room and an allowed GPU model. ``devices`` are joined by
    ``;``.
    """
    import pandas as pd

    room = _Room(nodes)
    allowed = {spec: _allowed(nodes["model"], spec) for spec in pods["gpu_spec"].unique()}
    names = nodes["sn"].to_numpy()
    rows = []
    columns = ["name", "cpu_milli", "memory_mib", "gpu", "gpu_spec"]
    for name, cpu, memory, gpu, spec in in_order_of_arrival(pods)[columns].itertuples(index=False):
        node = room.first_node(cpu, memory, gpu, allowed[spec])
        if node >= 0:
            devices = room.take(node, cpu, memory, gpu)
            rows.append((name, names[node], ";".join(map(str, devices))))
    return pd.DataFrame(rows, columns=["workload", "host", "devices"])


def _allowed(models: pd.Series, spec: str) -> np.ndarray:
    if not spec:
        return np.ones(len(models), dtype=bool)
    return models.isin(spec.strip("|").split("|")).to_numpy()


def in_order_of_arrival(pods: pd.DataFrame) -> pd.DataFrame:
    """Return the pods by ``creation_time``; equal times keep the order of the list."""
    import pandas as pd

    if "creation_time" not in pods:
        return pods
    moment = pd.to_numeric(pods["creation_time"], errors="coerce")
    return pods.loc[moment.sort_values(kind="stable").index]
