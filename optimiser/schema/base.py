"""The form every document shares: frozen, closed, with units in the field names."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from optimiser.units import to_unit, unit_of_field


class Document(BaseModel):
    """A frozen document; unknown keys are refused, ``"0.02 MW"`` is read into ``…_kw`` fields.

    Infinite numbers and NaN are refused everywhere. The docstring below a field is its description;
    see :mod:`optimiser.schema.descriptions`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _convert_units(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: _converted(key, value) for key, value in data.items()}


def _converted(key: object, value: object) -> object:
    unit = unit_of_field(str(key)) if isinstance(value, str) else None
    if unit is None or not isinstance(value, str):
        return value
    try:
        float(value)
    except ValueError:
        return _with_unit(value, unit)
    return value


def _with_unit(text: str, unit: str) -> object:
    try:
        return to_unit(text, unit)
    except ValueError:
        return text  # left as it is, so that the field itself is named in the error
