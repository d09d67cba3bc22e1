"""From a path on the command line to a twin with its rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from optimiser.library.site import SiteInput, read_study
from optimiser.schema.policy import AnyPolicy, ThrottleMoves
from optimiser.schema.study import Horizon, Study
from optimiser.twin.rules import Rule, capacity_not_worse, resolve
from optimiser.twin.state import build
from optimiser.twin.way import WayRule, way_rules

if TYPE_CHECKING:
    from optimiser.solve.problem import Problem


@dataclass(frozen=True)
class Loaded:
    """A study, its site as read, the twin over the study's horizon and the resolved rules.

    ``way`` are the rules about the order of moves.
    """

    study: Study
    site_input: SiteInput
    twin: xr.Dataset
    rules: list[Rule]
    way: tuple[WayRule, ...] = ()

    @property
    def policies(self) -> list[AnyPolicy]:
        """Policies of the site, then those the study adds."""
        return [*self.site_input.site.policies, *self.study.policies]

    @property
    def defaults_used(self) -> list[str]:
        """Every default in use, those of the documents and those of the twin."""
        told: list[str] = json.loads(self.twin.attrs["defaults"])
        return [*self.site_input.defaults_used, *told]

    @property
    def has_placement(self) -> bool:
        """Whether any workload is known to run somewhere today."""
        return bool((self.twin["workload_host"].values >= 0).any())

    @cached_property
    def problem(self) -> Problem:
        """The arrays of the twin and its rules, made once in each process."""
        from optimiser.solve.problem import lower

        return lower(self.twin, self.rules, self.study.weights)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is sent to another process: without the arrays, which are larger."""
        return {name: value for name, value in vars(self).items() if name != "problem"}


def load(path: Path, horizon: Horizon | None = None) -> Loaded:
    """Read a site folder or a study file and build its twin.

    ``horizon`` replaces the study's. Raises ``InputError`` with every mistake.
    """
    study, site_input = read_study(path)
    if horizon is not None:
        study = study.model_copy(update={"horizon": horizon})
    return assemble(study, site_input)


def assemble(study: Study, site_input: SiteInput) -> Loaded:
    """Build the twin and resolve the rules of a site that has been read."""
    twin = build(site_input, study)
    policies = [*site_input.site.policies, *study.policies]
    twin.attrs["capacity_not_worse"] = int(capacity_not_worse(policies))
    rules = resolve(site_input, policies, twin)
    way = way_rules(site_input, policies, twin)
    return Loaded(_with_throttles(study, policies), site_input, twin, rules, way)


def _with_throttles(study: Study, policies: Sequence[AnyPolicy]) -> Study:
    """Return the study with the limits on moves that policies set, each once."""
    found = [policy.as_throttle() for policy in policies if isinstance(policy, ThrottleMoves)]
    new = [one for one in found if one not in study.moving.throttle]
    if not new:
        return study
    moving = study.moving.model_copy(update={"throttle": [*study.moving.throttle, *new]})
    return study.model_copy(update={"moving": moving})
