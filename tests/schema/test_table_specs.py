"""Table specifications: complete and free of contradictions."""

from __future__ import annotations

import pytest

from optimiser.schema.site import Resource, Tables
from optimiser.schema.tables import TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_described_and_keys_exist(name: str) -> None:
    """The documentation of the tables is made from these."""
    spec = TABLES[name]
    columns = {column.name: column for column in spec.columns}
    assert spec.description and all(column.description for column in spec.columns)
    assert len(columns) == len(spec.columns)
    assert all(columns[key].required for key in spec.key)


def test_every_table_of_a_site_has_a_specification() -> None:
    """The site document names no table that nobody describes."""
    assert set(Tables.model_fields) <= set(TABLES)


def test_resource_columns_carry_the_unit_of_the_resource() -> None:
    """Amounts in the resource's unit, shares in fractions."""
    gpu = [Resource(name="gpu", unit="milli")]
    workload = TABLES["workloads"].with_resources(gpu).columns[-1]
    assert (workload.name, workload.unit, workload.required) == ("gpu", "milli", True)
    assert "gpu" in workload.description
    demand = TABLES["demand"].with_resources(gpu).columns[-1]
    assert (demand.unit, demand.maximum) == ("fraction", 1)
    assert TABLES["racks"].with_resources(gpu) is TABLES["racks"]
