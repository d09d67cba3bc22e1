"""Admission into random sites, judged by the exact checker alone."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
from instances.random_sites import random_site, random_weights
from instances.tiny import START

from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.study import Study
from optimiser.solve.admit_kernel import DEVICES
from optimiser.studies.admission import Admission
from optimiser.twin.rules import resolve
from optimiser.twin.state import build


def empty_site(seed: int) -> Admission:
    """Return the admission of a random site in which nothing runs yet."""
    site_input, twin, _ = random_site(seed)
    horizon = {"start": START, "hours": twin.sizes["time"], "step_minutes": 60}
    weights = random_weights(seed)
    study = Study.model_validate({"horizon": horizon, "weights": weights.model_dump()})
    site_input = dataclasses.replace(site_input, placement=None)
    twin = build(site_input, study)
    return Admission(twin, resolve(site_input, site_input.site.policies, twin), weights)


def broken(admission: Admission, host: np.ndarray, on: np.ndarray) -> Counter[str]:
    """Return how many limits of each rule are broken, workloads without a host apart."""
    found = verify(admission.problem.twin, admission.problem.rules, Placement(host, on)).broken
    counts = Counter(found)
    counts["assign"] -= int((host < 0).sum())
    return counts


@pytest.mark.parametrize("block", range(4))
def test_answers_agree_with_the_exact_checker(block: int) -> None:
    """No admission breaks a rule anew, and no host was open to a workload that is refused.

    A host whose rule is broken before may only be refused, and devices are not dealt out anew.
    """
    admitted = refused = 0
    for seed in range(block * 15, block * 15 + 15):
        admission = empty_site(seed)
        for workload in range(admission.problem.num_workloads):
            start = admission.placement
            before = broken(admission, start.host, start.host_on)
            answer = admission.admit(workload)
            if answer.is_admitted:
                admitted += 1
                end = admission.placement
                assert broken(admission, end.host, end.host_on) <= before, (seed, workload)
                continue
            refused += 1
            for target in open_hosts(admission, workload, before):
                code = admission.codes[target]
                assert code == DEVICES or before.total() > 0, (seed, workload, answer.reason)
    assert admitted > 25
    assert refused > 5


def open_hosts(admission: Admission, workload: int, before: Counter[str]) -> list[int]:
    """Return the hosts on which a workload breaks no limit that was kept before."""
    now, found = admission.placement, []
    for target in range(admission.problem.num_hosts):
        host, on = now.host.copy(), now.host_on.copy()
        host[workload], on[target] = target, True
        if broken(admission, host, on) <= before:
            found.append(target)
    return found
