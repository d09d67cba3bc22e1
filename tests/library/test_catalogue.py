"""The bundled cards: complete, sourced, and their numbers recomputed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from optimiser.errors import InputError, MissingError, UsageError
from optimiser.library import catalogue, locate
from optimiser.library.catalogue import find_card, list_sites, load_cards, site_folder
from optimiser.schema.equipment import CARD_TYPES, ChillerCard, LossCard, PsuCard, ServerCard

CARDS = load_cards()
KEYS = sorted(CARDS)


def _efficiency(card: LossCard, load: float) -> float:
    loss = card.no_load_fraction + card.proportional_fraction * load
    return load / (load + loss + card.square_fraction * load**2)


def _server(name: str) -> ServerCard:
    card = find_card("server", name)
    assert isinstance(card, ServerCard)
    return card


def test_there_are_cards_of_every_kind() -> None:
    """Enough to build a site without writing a card."""
    count = Counter(kind for kind, _ in CARDS)
    assert set(count) == set(CARD_TYPES)
    assert len(CARDS) >= 45 and count["server"] >= 30


@pytest.mark.parametrize("key", KEYS, ids="/".join)
def test_every_card_says_what_it_is_and_where_it_comes_from(key: tuple[str, str]) -> None:
    """A number without a source is a rumour."""
    card = CARDS[key]
    assert card.title and card.source
    assert len(card.source) > 6


def test_dc_output_servers_name_a_psu_that_exists() -> None:
    """The conversion can be computed for each."""
    named = [c.psu for c in CARDS.values() if isinstance(c, ServerCard) and c.psu]
    assert named and all(("psu", name) in CARDS for name in named)


def test_every_server_offers_cpu_and_memory() -> None:
    """Threads in whole cores, memory in MiB; accelerators as thousandths."""
    for card in CARDS.values():
        if isinstance(card, ServerCard):
            assert card.capacity["cpu"] % 1000 == 0 and card.capacity["memory"] >= 4096
            assert card.capacity.get("gpu", 0) == 1000 * (card.gpus.count if card.gpus else 0)


# idle and full load [W] and hardware threads as published
PUBLISHED = {
    "hp-ml110-g4": (86, 117, 2), "hp-ml110-g5": (93.7, 135, 2), "ibm-x3550-m3": (58.4, 222, 24),
    "fujitsu-rx2540-m2": (43.6, 255, 88), "hpe-dl380-gen10": (49.3, 461, 112),
    "supermicro-6029p": (48.6, 385, 112), "hpe-dl380-gen10-plus": (127, 619, 160),
    "asus-rs500a-e10": (51.4, 214, 128), "hpe-dl325-gen10-plus": (56.8, 268, 128),
    "lenovo-sr665": (108, 455, 256), "quanta-d43k": (85.5, 471, 256),
    "nettrix-r620-g40": (137, 491, 128),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_servers_have_their_published_ends(name: str) -> None:
    """Idle, full load and threads of the SPECpower result."""
    card = _server(name)
    idle, full, threads = PUBLISHED[name]
    assert (card.curve_w[0], card.curve_w[10]) == (idle, full)
    assert card.capacity["cpu"] == 1000 * threads
    assert card.power_basis == "ac_input"


@pytest.mark.parametrize(
    ("name", "idle_w", "max_w"),
    [
        ("frontier-ex235a", 626, 2704), ("selene-dgx-a100", 1068, 3944),
        ("summit-ac922", 706, 2561), ("marconi100-ac922", 556, 1865),
        ("aurora-node", 892, 4484), ("hgx-h100-8", 2100, 8400),
    ],
)  # fmt: skip
def test_accelerator_nodes_add_up_to_their_published_power(
    name: str, idle_w: float, max_w: float
) -> None:
    """Curve without accelerators plus all modules."""
    card = _server(name)
    assert card.gpus is not None
    assert card.curve_w[0] + card.gpus.count * card.gpus.idle_w == pytest.approx(idle_w, abs=1)
    assert card.curve_w[10] + card.gpus.count * card.gpus.max_w == pytest.approx(max_w, abs=1)


def test_generic_nodes_follow_their_stated_rule() -> None:
    """Shape of a published curve between a quarter of the peak and 45 W + 3.6 W per vCPU."""
    shape = np.array(_server("fujitsu-rx2540-m2").curve_w)
    shape = (shape - shape[0]) / (shape[10] - shape[0])
    names = [name for kind, name in KEYS if kind == "server" and name.startswith("generic-")]
    assert len(names) >= 16
    for name in names:
        card = _server(name)
        peak = 45 + 3.6 * card.capacity["cpu"] / 1000
        assert card.curve_w == pytest.approx(peak * (0.25 + 0.75 * shape), abs=0.051)
        assert card.notes.startswith("Generic values")


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("ups-legacy-", {0.1: 0.690, 0.25: 0.826, 0.5: 0.885, 0.75: 0.906, 1.0: 0.917}),
        ("ups-modern-", {0.1: 0.914, 0.25: 0.954, 0.5: 0.965, 0.75: 0.967, 1.0: 0.965}),
        ("ups-eco-", {0.1: 0.950, 0.25: 0.977, 0.5: 0.986, 0.75: 0.989, 1.0: 0.990}),
        ("pdu-transformer-", {0.25: 0.940, 0.5: 0.964, 1.0: 0.971}),
        ("busway-", {1.0: 0.993}),
    ],
)
def test_stage_efficiencies_are_those_of_the_literature(
    prefix: str, expected: dict[float, float]
) -> None:
    """Recomputed from the three loss coefficients of each card."""
    cards = [c for (_, name), c in CARDS.items() if name.startswith(prefix)]
    assert len(cards) >= 3
    for card in cards:
        assert isinstance(card, LossCard)
        for load, efficiency in expected.items():
            assert _efficiency(card, load) == pytest.approx(efficiency, abs=7e-4)


@pytest.mark.parametrize(
    ("name", "load", "efficiency"),
    [
        ("transformer-dry-75", 0.35, 0.9860), ("transformer-dry-150", 0.35, 0.9883),
        ("transformer-dry-300", 0.35, 0.9902), ("transformer-dry-500", 0.35, 0.9914),
        ("transformer-dry-750", 0.35, 0.9923), ("transformer-dry-1000", 0.35, 0.9928),
        ("transformer-liquid-1000", 0.5, 0.9943), ("transformer-liquid-2500", 0.5, 0.9953),
    ],
)  # fmt: skip
def test_transformers_are_best_at_their_rated_load(
    name: str, load: float, efficiency: float
) -> None:
    """The published efficiency is the highest of the curve and lies at the published load."""
    card = find_card("transformer", name)
    assert isinstance(card, LossCard)
    assert _efficiency(card, load) == pytest.approx(efficiency, abs=1e-6)
    loads = np.linspace(0.05, 1, 96)
    best = loads[np.argmax([_efficiency(card, x) for x in loads])]
    assert best == pytest.approx(load, abs=0.011)


def test_psu_efficiencies_fall_towards_idle() -> None:
    """The certified points, and the published conversion chain of one system."""
    titanium = find_card("psu", "psu-titanium-800")
    chain = find_card("psu", "psu-frontier-chain")
    assert isinstance(titanium, PsuCard) and isinstance(chain, PsuCard)
    assert titanium.efficiency == {0.1: 0.90, 0.2: 0.94, 0.5: 0.96, 1.0: 0.91}
    stage = (2704 + 13) / 0.98
    assert chain.efficiency[1.0] == pytest.approx(2704 / ((4 * stage + 17) / 0.96 / 4), abs=1e-4)


def _cop(card: ChillerCard, condenser_c: float, part_load: float) -> float:
    x, y = card.reference_evaporator_c, condenser_c
    terms = np.array([1, x, x * x, y, y * y, x * y])
    eir = np.array(card.efficiency_curve) @ terms
    plr = np.array(card.part_load_curve) @ [1, part_load, part_load**2]
    return float(card.rated_cop * part_load / (eir * plr))


@pytest.mark.parametrize(
    ("condenser_c", "cops"),
    [
        (13, (6.73, 9.38, 9.86, 9.49)), (18, (5.73, 7.98, 8.40, 8.09)),
        (24, (4.82, 6.72, 7.07, 6.80)), (29.44, (4.18, 5.83, 6.14, 5.91)),
        (35, (3.66, 5.11, 5.37, 5.17)),
    ],
)  # fmt: skip
def test_the_york_chiller_has_its_published_cops(
    condenser_c: float, cops: tuple[float, ...]
) -> None:
    """Golden values at part loads of a quarter to one."""
    card = find_card("chiller", "york-yt-1055")
    assert isinstance(card, ChillerCard)
    found = [_cop(card, condenser_c, load) for load in (0.25, 0.5, 0.75, 1.0)]
    assert found == pytest.approx(cops, abs=0.01)


def test_chiller_curves_are_one_at_their_reference() -> None:
    """Capacity and efficiency of every DOE-2 set are given relative to the rating."""
    cards = [c for c in CARDS.values() if isinstance(c, ChillerCard) and c.capacity_curve]
    assert len(cards) == 4
    for card in cards:
        x, y = card.reference_evaporator_c, card.reference_condenser_c
        terms = np.array([1, x, x * x, y, y * y, x * y])
        assert np.array(card.capacity_curve) @ terms == pytest.approx(1, abs=0.05)
        assert np.array(card.efficiency_curve) @ terms == pytest.approx(1, abs=0.05)
        assert sum(card.part_load_curve) == pytest.approx(1, abs=0.01)
        for at, valid in ((x, card.valid_evaporator_c), (y, card.valid_condenser_c)):
            assert valid[0] - 0.05 < at < valid[1] + 0.05, "ranges are published rounded"
        assert card.valid_evaporator_c[1] < 13, "no published curve reaches warm chilled water"


def test_carnot_chillers_state_the_cop_their_efficiency_gives() -> None:
    """Rated COP and Carnot share agree at the rating, with the approach on both sides."""
    cards = [c for c in CARDS.values() if isinstance(c, ChillerCard) and c.carnot]
    assert {card.condenser for card in cards} == {"water", "air"}
    for card in cards:
        assert card.carnot is not None
        cold = card.reference_evaporator_c - card.carnot.approach_k + 273.15
        warm = card.reference_condenser_c + card.carnot.approach_k + 273.15
        cop = card.carnot.efficiency * cold / (warm - cold)
        assert card.rated_cop == pytest.approx(cop, abs=1e-3)


def test_air_handlers_move_the_air_their_cooling_needs() -> None:
    """Q = ρ c V ΔT with a temperature fall between 10 and 13 K."""
    for (kind, _), card in CARDS.items():
        if kind == "crah":
            fall_k = card.rated_cooling_kw / (1.19 * 1.005 * card.rated_flow_m3_s)  # type: ignore[attr-defined]
            assert 10 < fall_k < 13


def test_an_unknown_card_or_kind_is_told_with_the_nearest() -> None:
    """For the command line."""
    with pytest.raises(UsageError, match="did you mean 'lenovo-sr665'"):
        find_card("server", "lenovo-sr655")
    with pytest.raises(UsageError, match="did you mean 'chiller'"):
        load_cards("chiler")
    with pytest.raises(MissingError, match="the library has no site 'nowhere-like-it'"):
        site_folder("nowhere-like-it")


def test_a_library_of_ones_own_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A card in the wrong file and a name given twice are told with their lines."""
    folder = tmp_path / "models" / "equipment"
    folder.mkdir(parents=True)
    text = (
        "cards:\n"
        "  - {kind: rack, name: r}\n"
        "  - {kind: rack, name: r}\n"
        "  - {kind: pump, name: p, head_kpa: 1}\n"
    )
    (folder / "racks.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv(locate.VARIABLE, str(tmp_path))
    with pytest.raises(InputError) as caught:
        load_cards("rack")
    assert [(p.line, p.field) for p in caught.value.problems] == [
        (3, "cards[1].name"),
        (4, "cards[2].kind"),
    ]


def test_bundled_sites_data_and_recipes_are_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the titles they give themselves."""
    files = {
        "models/equipment/x.yaml": "cards: []\n",
        "models/sites/tiny/site.yaml": "name: tiny\ndescription: Three hosts.\n",
        "models/formulations/placement.yaml": "title: Place workloads\n",
        "datasets/demo/dataset.yaml": "title: Demo\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv(locate.VARIABLE, str(tmp_path))
    assert [(e.name, e.title) for e in list_sites()] == [("tiny", "Three hosts.")]
    assert [(e.name, e.title) for e in catalogue.list_recipes()] == [
        ("placement", "Place workloads")
    ]
    assert [(e.name, e.title) for e in catalogue.list_datasets()] == [("demo", "Demo")]
    assert site_folder("tiny") == tmp_path / "models" / "sites" / "tiny"
