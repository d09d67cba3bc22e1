"""The power chain: loss stages from rack to feed and the roll-up of rack power through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse


@dataclass(frozen=True)
class LossStage:
    """Elements of one level (PDUs, UPS units or feeds) with their losses.

    All arrays are (element,): ``rating_w`` largest output that may be drawn [W], inf for none;
    ``nominal_w`` P_r, what the coefficients refer to [W]; ``no_load``, ``proportional`` and
    ``square`` the coefficients a, b, c [1].
    """

    rating_w: np.ndarray
    nominal_w: np.ndarray
    no_load: np.ndarray
    proportional: np.ndarray
    square: np.ndarray

    def input_w(self, output_w: np.ndarray) -> np.ndarray:
        """Return the input of every element for outputs (element,) or (element, time) [W]."""
        shape = (-1,) + (1,) * (np.ndim(output_w) - 1)
        return stage_input_w(
            output_w,
            self.nominal_w.reshape(shape),
            self.no_load.reshape(shape),
            self.proportional.reshape(shape),
            self.square.reshape(shape),
        )


def stage_loss_w(
    output_w: np.ndarray,
    rating_w: np.ndarray | float,
    no_load_fraction: np.ndarray | float,
    proportional_fraction: np.ndarray | float,
    square_fraction: np.ndarray | float,
) -> np.ndarray:
    """Return the loss ``a·P_r + b·P + c·P²/P_r`` of a stage that delivers P [W].

    The usual form for PDUs, UPS units and transformers (Schneider white papers 108 and 113): a
    the no-load loss [1], b the part proportional to the load [1], c the square-law loss at full
    load [1], all relative to the rating P_r [W]. It is convex in the output and not bounded above,
    so an overloaded stage keeps losing by the same law.
    """
    output = np.asarray(output_w, dtype=float)
    return (
        no_load_fraction * rating_w
        + proportional_fraction * output
        + square_fraction * output**2 / rating_w
    )


def stage_input_w(
    output_w: np.ndarray,
    rating_w: np.ndarray | float,
    no_load_fraction: np.ndarray | float,
    proportional_fraction: np.ndarray | float,
    square_fraction: np.ndarray | float,
) -> np.ndarray:
    """Return output plus loss of a stage [W]; the parameters are those of ``stage_loss_w``."""
    loss = stage_loss_w(
        output_w, rating_w, no_load_fraction, proportional_fraction, square_fraction
    )
    return output_w + loss


def transformer_fractions(efficiency: float, load_fraction: float) -> tuple[float, float]:
    """Return (no-load, square-law) loss fractions from the efficiency at one load.

    Efficiency standards (10 CFR 431.196) state it at the load x* where a good design has equal
    no-load and load losses, so ``a = (1/η − 1)·x*/2`` and ``c = (1/η − 1)/(2·x*)``. Dry-type
    low-voltage transformers are rated at x* = 0.35, liquid-filled ones at 0.5.
    """
    excess = 1.0 / efficiency - 1.0
    return excess * load_fraction / 2.0, excess / (2.0 * load_fraction)


def rack_shares(rack_pdu_a: np.ndarray, rack_pdu_b: np.ndarray, num_pdus: int) -> sparse.csr_array:
    """Return (pdu, rack) shares of rack power: half on each side, all on the only one.

    ``rack_pdu_a`` and ``rack_pdu_b`` (rack,) index of the PDU, −1 for none. A rack with neither
    has an empty column and draws straight from the grid.
    """
    sides = np.stack([rack_pdu_a, rack_pdu_b])
    present = sides >= 0
    share = present / np.maximum(present.sum(axis=0), 1)
    side, rack = np.nonzero(present)
    entries = (share[side, rack], (sides[side, rack], rack))
    return sparse.coo_array(entries, shape=(num_pdus, len(rack_pdu_a))).tocsr()


def membership(parent: np.ndarray, num_parents: int) -> sparse.csr_array:
    """Return the (parent, child) 0/1 matrix of an index array; −1 belongs to none."""
    child = np.flatnonzero(parent >= 0)
    entries = (np.ones(len(child)), (parent[child], child))
    return sparse.coo_array(entries, shape=(num_parents, len(parent))).tocsr()


@dataclass(frozen=True)
class PowerChain:
    """Relations and losses of the chain.

    ``pdu_of_rack`` (pdu, rack) shares, ``ups_of_pdu`` (ups, pdu) and ``feed_of_ups`` (feed, ups)
    0/1, all sparse; ``pdu``, ``ups``, ``feed`` the loss stages. ``direct`` (rack,) is the share of
    a rack's power that passes no PDU [1].
    """

    pdu: LossStage
    ups: LossStage
    feed: LossStage
    pdu_of_rack: sparse.csr_array
    ups_of_pdu: sparse.csr_array
    feed_of_ups: sparse.csr_array
    direct: np.ndarray


@dataclass(frozen=True)
class ChainLoads:
    """Input and output of every element, (element, time) [W], and what passes no PDU (time,)."""

    pdu_output_w: np.ndarray
    pdu_input_w: np.ndarray
    ups_output_w: np.ndarray
    ups_input_w: np.ndarray
    feed_output_w: np.ndarray
    feed_input_w: np.ndarray
    direct_w: np.ndarray

    @property
    def pdu_loss_w(self) -> np.ndarray:
        """Loss of each PDU (pdu, time) [W]."""
        return self.pdu_input_w - self.pdu_output_w

    @property
    def ups_loss_w(self) -> np.ndarray:
        """Loss of each UPS (ups, time) [W]."""
        return self.ups_input_w - self.ups_output_w

    @property
    def feed_loss_w(self) -> np.ndarray:
        """Loss of each feed's transformer (feed, time) [W]."""
        return self.feed_input_w - self.feed_output_w

    @property
    def grid_w(self) -> np.ndarray:
        """What racks and chain draw from the grid (time,) [W]."""
        return self.feed_input_w.sum(axis=0) + self.direct_w


def read_chain(twin: xr.Dataset) -> PowerChain:
    """Lift the power chain out of the twin; a chain without elements is legal."""
    pdu_of_rack = rack_shares(
        twin["rack_pdu_a"].values, twin["rack_pdu_b"].values, twin.sizes["pdu"]
    )
    return PowerChain(
        pdu=_stage(twin, "pdu"),
        ups=_stage(twin, "ups"),
        feed=_stage(twin, "feed"),
        pdu_of_rack=pdu_of_rack,
        ups_of_pdu=membership(twin["pdu_ups"].values, twin.sizes["ups"]),
        feed_of_ups=membership(twin["ups_feed"].values, twin.sizes["feed"]),
        direct=1.0 - np.asarray(pdu_of_rack.sum(axis=0)).reshape(-1),
    )


def _stage(twin: xr.Dataset, name: str) -> LossStage:
    rating = twin[f"{name}_rating_w"].values.astype(float)
    given = twin.get(f"{name}_nominal_w", twin[f"{name}_rating_w"]).values.astype(float)
    return LossStage(
        rating_w=rating,
        nominal_w=np.where(np.isfinite(given), given, 1.0),
        no_load=_lossless_without_rating(twin, f"{name}_no_load_fraction", given),
        proportional=twin[f"{name}_proportional_fraction"].values.astype(float),
        square=_lossless_without_rating(twin, f"{name}_square_fraction", given),
    )


def _lossless_without_rating(twin: xr.Dataset, name: str, nominal: np.ndarray) -> np.ndarray:
    # a feed without a transformer has no rating; its coefficients are 0 and stay meaningful
    return np.where(np.isfinite(nominal), twin[name].values.astype(float), 0.0)


def roll_up(chain: PowerChain, rack_power_w: np.ndarray) -> ChainLoads:
    """Carry rack power (rack, time) [W] up to the feeds.

    Each level's input is the next level's output load; capacity rules compare the *output* of an
    element with its rating. Sides A and B share a rack's power equally (2N: each runs at half
    load, and pays the no-load loss of both).
    """
    pdu_output = chain.pdu_of_rack @ rack_power_w
    pdu_input = chain.pdu.input_w(pdu_output)
    ups_output = chain.ups_of_pdu @ pdu_input
    ups_input = chain.ups.input_w(ups_output)
    feed_output = chain.feed_of_ups @ ups_input
    return ChainLoads(
        pdu_output_w=pdu_output,
        pdu_input_w=pdu_input,
        ups_output_w=ups_output,
        ups_input_w=ups_input,
        feed_output_w=feed_output,
        feed_input_w=chain.feed.input_w(feed_output),
        direct_w=chain.direct @ rack_power_w,
    )
