"""What the documents of the generated sites have in common."""

from __future__ import annotations

from typing import Any

SPRING_DAY: dict[str, Any] = {
    "format": "dcopt.study/1",
    "name": "spring-day",
    "horizon": {"start": "2025-05-13T00:00", "hours": 24, "step_minutes": 60},
}
"""The study of the bundled sites."""
STUDY_COMMENTS = {"horizon": "A mild day in May; the demand profiles repeat every day."}


def german_site(name: str, description: str, **parts: Any) -> dict[str, Any]:
    """Return ``site.yaml`` as plain data: processors and memory, three classes, three tables.

    ``parts`` are the fields that are the site's own; they take precedence.
    """
    return {
        "format": "dcopt.site/1",
        "name": name,
        "description": description,
        "location": {"country": "DE", "time_zone": "Europe/Berlin"},
        "currency": "EUR",
        "resources": [
            {"name": "cpu", "unit": "millicore", "drives_power": True},
            {"name": "memory", "unit": "MiB"},
        ],
        "tables": {"services": "services.csv", "demand": "demand.csv", "pdus": "pdus.csv"},
        "sla_classes": [{"name": "gold", "peak": True}, {"name": "silver"}, {"name": "bronze"}],
        **parts,
    }
