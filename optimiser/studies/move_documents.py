"""The moves of an order by name, with their times and what they are worth."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.schema.plan import Move
from optimiser.studies.move_order import MoveOrder
from optimiser.studies.move_times import MoveTimes
from optimiser.studies.reasons import MoveReasons


def move_documents(
    twin: xr.Dataset,
    order: MoveOrder,
    times: MoveTimes | None = None,
    worth: MoveReasons | None = None,
) -> list[Move]:
    """Return the moves by name.

    Without ``times`` there are no times (the way back has no date); without ``worth`` no reasons
    and savings. The last move of a workload has all of its saving, and pays for its detours too.
    """
    hosts = np.append(twin["host"].values.astype(str), "")
    services = twin["service"].values.astype(str)[twin["workload_service"].values]
    names = twin["workload"].values.astype(str)
    memory = twin["workload_memory_gib"].values
    starts = times.local_starts(str(twin.attrs["time_zone"])) if times is not None else []
    count = np.bincount(order.workload, minlength=len(names))
    return [
        Move(
            wave=int(order.wave[i]) + 1,
            order=i + 1,
            workload=names[w],
            service=services[w],
            source=hosts[order.source[i]],
            target=hosts[order.target[i]],
            memory_gib=float(memory[w]),
            bounce=bool(order.bounce[i]),
            reason=worth.words[w] if worth is not None else "",
            start=starts[i] if times is not None else "",
            seconds=round(float(times.seconds[i]), 1) if times is not None else None,
            energy_kwh=_short(times.energy_kwh[i]) if times is not None else None,
            **(
                _worth(worth, w, int(count[w])) if worth is not None and not order.bounce[i] else {}
            ),
        )
        for i, w in enumerate(order.workload.tolist())
    ]


def _worth(worth: MoveReasons, workload: int, moves: int) -> dict[str, float | None]:
    days = float(worth.payback_days[workload]) * moves
    return {
        "saved_kwh_per_year": _short(worth.saved_kwh_per_year[workload]),
        "payback_days": _short(days) if np.isfinite(days) else None,
    }


def _short(value: float) -> float:
    """Return six significant digits, which is more than anyone reads."""
    return float(f"{float(value):.6g}")
