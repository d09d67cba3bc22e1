"""Server cards for nodes whose watts nobody published, with the assumption written on each.

The host part is one measured two-socket server scaled by hardware threads; the accelerators are
linear between an idle and a maximum power from makers' data sheets or open system models. Two
models of the trace are anonymous, and their cards say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REFERENCE_CURVE_W = (48.6, 116, 135, 153, 170, 189, 212, 237, 271, 309, 385)
"""SPECpower_ssj2008, Supermicro 6029P with two Xeon 8280 (2019), idle, 10 % … 100 % load [W]."""
REFERENCE_THREADS = 112
IDLE_SCALE = 1.5
"""GPU nodes carry more memory and network cards than the measured configuration."""


@dataclass(frozen=True)
class GpuPower:
    """Power of one module and where the two numbers come from."""

    idle_w: float
    max_w: float
    source: str


_SHEET = "maximum: maker's board power; idle: typical reading, an assumption"
_HIDDEN = "the trace hides this model; assumed to draw like {0}, which nobody outside can confirm"
GPU_POWER: dict[str, GpuPower] = {
    "P100": GpuPower(30, 250, _SHEET),
    "V100M16": GpuPower(75, 300, "V100 of the open Summit model, 75 W idle and 300 W maximum"),
    "V100M32": GpuPower(75, 300, "V100 of the open Summit model, 75 W idle and 300 W maximum"),
    "T4": GpuPower(10, 70, _SHEET),
    "A10": GpuPower(22, 150, _SHEET),
    "G2": GpuPower(22, 150, _HIDDEN.format("an A10 (22 W idle, 150 W maximum)")),
    "G3": GpuPower(60, 400, _HIDDEN.format("an A100 (60 W idle, 400 W maximum)")),
}
_UNKNOWN = GpuPower(30, 250, "unknown model: assumed 30 W idle and 250 W maximum")


def node_kind(node: Any) -> str:
    """Return the name shared by like nodes, such as ``g2x8-96c-384g`` or ``cpu-32c-256g``.

    ``node`` has ``cpu_milli``, ``memory_mib``, ``gpu`` (count) and ``model``.
    """
    gpus = f"{node.model.lower()}x{node.gpu}" if node.gpu else "cpu"
    return f"{gpus}-{_cores(node.cpu_milli)}c-{round(node.memory_mib / 1024)}g"


def _cores(cpu_milli: int) -> str:
    return f"{cpu_milli / 1000:g}"


def node_card(node: Any, name: str) -> dict[str, Any]:
    """Return the server card of a kind of node as plain data, with its source and assumption."""
    share = node.cpu_milli / 1000 / REFERENCE_THREADS
    gpus = f"{node.gpu} × {node.model}" if node.gpu else "no GPU"
    card: dict[str, Any] = {
        "kind": "server",
        "name": name,
        "title": f"{gpus}, {_cores(node.cpu_milli)} threads, {node.memory_mib / 1024:g} GiB",
        "source": "assumption; the trace publishes no power figures",
        "notes": (
            "host part: measured SPECpower curve of a Supermicro 6029P with two Xeon 8280 "
            f"(112 threads), scaled to {_cores(node.cpu_milli)} threads"
        ),
        "curve_w": [round(point * share, 1) for point in REFERENCE_CURVE_W],
        "idle_scale": IDLE_SCALE,
        "capacity": {"cpu": int(node.cpu_milli), "memory": int(node.memory_mib)},
    }
    if node.gpu:
        power = GPU_POWER.get(node.model, _UNKNOWN)
        card["notes"] += f"; accelerators: {power.source}"
        card["capacity"]["gpu"] = int(node.gpu) * 1000
        card["gpus"] = {
            "model": node.model,
            "count": int(node.gpu),
            "idle_w": power.idle_w,
            "max_w": power.max_w,
        }
    return card
