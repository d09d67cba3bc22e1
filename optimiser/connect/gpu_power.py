"""Server cards for the nodes of a GPU trace that publishes no watts.

A node that the library knows by accelerator, their number and cpu gets the library's generic card.
Any other gets a card of the site, made the same way: the generic load curve scaled by cpu, and the
accelerators of the library's card for the same model.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from optimiser.connect.yamltext import to_plain
from optimiser.library.catalogue import load_cards
from optimiser.schema.equipment import ServerCard

PREFIX = "generic-"
PEAK_BASE_W = 45.0
PEAK_W_PER_CPU = 3.6
"""Peak of the generic curve: a base and a share per vCPU, as on the library's generic cards."""
_UNKNOWN_GPU = {"idle_w": 30.0, "max_w": 250.0}


@cache
def generic_cards() -> tuple[ServerCard, ...]:
    """Return the library's generic server cards."""
    cards = load_cards("server").values()
    return tuple(cast(ServerCard, card) for card in cards if card.name.startswith(PREFIX))


def library_card(cpu_milli: int, gpu: int, model: str) -> ServerCard | None:
    """Return the generic card with this cpu [millicore], GPU count and model, if there is one."""
    for card in generic_cards():
        gpus = (card.gpus.count, card.gpus.model) if card.gpus else (0, "")
        if gpus == (gpu, model if gpu else "") and card.capacity.get("cpu") == cpu_milli:
            return card
    return None


def derived_card(cpu_milli: int, memory_mib: int, gpu: int, model: str) -> dict[str, Any]:
    """Return a server card as plain data for a kind of node that the library does not know."""
    cpu = cpu_milli / 1000
    curve = max(generic_cards(), key=lambda card: card.curve_w[-1]).curve_w
    peak_w = PEAK_BASE_W + PEAK_W_PER_CPU * cpu
    card: dict[str, Any] = {
        "kind": "server",
        "name": f"{model.lower()}x{gpu}-{cpu:g}cpu" if gpu else f"cpu-{cpu:g}",
        "title": f"{f'{gpu} × {model}' if gpu else 'No GPU'}, {cpu:g} vCPU",
        "source": "default; the trace publishes no power figures",
        "notes": "Generic values, not a measured product: the curve of the library's generic "
        f"cards with a peak of {PEAK_BASE_W:g} W + {PEAK_W_PER_CPU:g} W per vCPU",
        "curve_w": [round(point / curve[-1] * peak_w, 1) for point in curve],
        "capacity": {"cpu": cpu_milli, "memory": memory_mib, "gpu": gpu * 1000},
    }
    if gpu:
        card["gpus"] = {"model": model, "count": gpu, **_accelerator(model)}
        known = model in _known_models()
        card["notes"] += "" if known else "; unknown accelerator, assumed 30 W idle and 250 W full"
    return card


def _known_models() -> dict[str, ServerCard]:
    return {card.gpus.model: card for card in generic_cards() if card.gpus}


def _accelerator(model: str) -> dict[str, float]:
    card = _known_models().get(model)
    if card is None or card.gpus is None:
        return dict(_UNKNOWN_GPU)
    return {key: to_plain(card.gpus)[key] for key in ("idle_w", "max_w")}
