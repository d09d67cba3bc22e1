"""Read a site, and say what it holds and what is wrong with it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from optimiser.analysis.verify import violations_today
from optimiser.errors import InputError, Problem, raise_all
from optimiser.library.reporting import REPORTING_FILE, ReportingInput, read_reporting
from optimiser.schema.policy_moving import WAY_ONLY
from optimiser.workflow.loading import Loaded, load


@dataclass(frozen=True)
class CheckResult:
    """What a site holds. ``rules`` are (name, kind, is soft), those about moves last; ``broken``
    counts the limits of each hard rule that today's placement does not keep."""

    site: str
    study: str
    counts: dict[str, int]
    rules: list[tuple[str, str, bool]]
    has_placement: bool
    broken: dict[str, int]
    violations: list[str]
    files: dict[str, str]
    defaults: list[str]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        return dataclasses.asdict(self)


def check_site(path: Path) -> CheckResult:
    """Read a site folder or study file and judge today's placement by every rule.

    Raises ``InputError`` with every mistake of the input.
    """
    loaded, reporting = _read(path)
    broken, sentences = _today(loaded)
    files, defaults = dict(loaded.site_input.files), loaded.defaults_used
    if reporting is not None:
        files |= reporting.files
        defaults += reporting.defaults_used
    return CheckResult(
        site=loaded.site_input.site.name,
        study=loaded.study.name,
        counts={**_counts(loaded), **_meter_counts(reporting)},
        rules=[(rule.name, rule.kind, not rule.is_hard) for rule in loaded.rules]
        + [(one.name, one.kind, False) for one in loaded.policies if isinstance(one, WAY_ONLY)],
        has_placement=loaded.has_placement,
        broken=broken,
        violations=sentences,
        files=files,
        defaults=defaults,
    )


def _read(path: Path) -> tuple[Loaded, ReportingInput | None]:
    """Read site, study and reporting document; raise the mistakes of all together."""
    problems: list[Problem] = []
    loaded, reporting = None, None
    try:
        loaded = load(path)
    except InputError as error:
        problems += error.problems
    folder = path if path.is_dir() else path.parent
    if loaded is not None:
        folder = loaded.site_input.folder
    if (folder / REPORTING_FILE).is_file():
        zone = "UTC" if loaded is None else loaded.site_input.site.location.time_zone
        try:
            reporting = read_reporting(folder, zone)
        except InputError as error:
            problems += error.problems
    raise_all(problems)
    assert loaded is not None  # raised before otherwise
    return loaded, reporting


def _meter_counts(reporting: ReportingInput | None) -> dict[str, int]:
    if reporting is None or reporting.register is None:
        return {}
    return {"meter series": len(reporting.register.series)}


def _today(loaded: Loaded) -> tuple[dict[str, int], list[str]]:
    if not loaded.has_placement:
        return {}, []
    verdict = violations_today(loaded.twin, loaded.rules)
    hard = {violation.rule for violation in verdict.violations}
    return {r: n for r, n in verdict.broken.items() if r in hard}, verdict.sentences()


def _counts(loaded: Loaded) -> dict[str, int]:
    sizes = loaded.twin.sizes
    words = {
        "hosts": "host", "server models": "kind", "racks": "rack", "PDUs": "pdu",
        "UPS units": "ups", "feeds": "feed", "cooling zones": "zone", "services": "service",
        "workloads": "workload", "distinct demands": "flavour", "periods": "time",
        "distinct demand steps": "step",
    }  # fmt: skip
    found = {word: int(sizes.get(dim, 0)) for word, dim in words.items()}
    return {**found, "rules": len(loaded.rules)}
