"""Array bundles passed to compiled code by reference.

A tuple of sixty arrays is copied at every compiled call and takes a minute to compile; a structure
behind one pointer compiles in seconds. The arrays themselves are shared with the Python bundle.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.experimental import structref

from optimiser.solve.arrays import Data, State
from optimiser.solve.flat import Flat, Kept
from optimiser.solve.jit import entry
from optimiser.solve.place_arrays import PlaceData, PlaceState


class _Reference(types.StructRef):
    def preprocess_fields(self, fields: Any) -> Any:
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


@structref.register
class DataType(_Reference):
    """Compiled type of :class:`Data`."""


@structref.register
class StateType(_Reference):
    """Compiled type of :class:`State`."""


@structref.register
class PlaceDataType(_Reference):
    """Compiled type of :class:`PlaceData`."""


@structref.register
class PlaceStateType(_Reference):
    """Compiled type of :class:`PlaceState`."""


@structref.register
class FlatType(_Reference):
    """Compiled type of :class:`Flat`."""


@structref.register
class KeptType(_Reference):
    """Compiled type of :class:`Kept`."""


def _made(cls: Any, new: Any, names: tuple[str, ...], fields: tuple[Any, ...]) -> Any:
    """Return a new reference by compiled code from disk, unless that was made for other fields."""
    made = new(*fields)
    if tuple(made._type.field_dict) == names:
        return made
    return structref.StructRefProxy.__new__(cls, *fields)


class DataReference(structref.StructRefProxy):
    """A :class:`Data` as compiled code sees it."""

    def __new__(cls, *fields: Any) -> DataReference:
        return _made(cls, _new_data, Data._fields, fields)


class StateReference(structref.StructRefProxy):
    """A :class:`State` as compiled code sees it."""

    def __new__(cls, *fields: Any) -> StateReference:
        return _made(cls, _new_state, State._fields, fields)


class PlaceDataReference(structref.StructRefProxy):
    """A :class:`PlaceData` as compiled code sees it."""

    def __new__(cls, *fields: Any) -> PlaceDataReference:
        return _made(cls, _new_placedata, PlaceData._fields, fields)


class PlaceStateReference(structref.StructRefProxy):
    """A :class:`PlaceState` as compiled code sees it."""

    def __new__(cls, *fields: Any) -> PlaceStateReference:
        return _made(cls, _new_placestate, PlaceState._fields, fields)


class FlatReference(structref.StructRefProxy):
    """A :class:`Flat` as compiled code sees it."""

    def __new__(cls, *fields: Any) -> FlatReference:
        return _made(cls, _new_flat, Flat._fields, fields)


class KeptReference(structref.StructRefProxy):
    """A :class:`Kept` as compiled code sees it."""

    def __new__(cls, *fields: Any) -> KeptReference:
        return _made(cls, _new_kept, Kept._fields, fields)


structref.define_proxy(FlatReference, FlatType, list(Flat._fields))
structref.define_proxy(KeptReference, KeptType, list(Kept._fields))
structref.define_proxy(PlaceDataReference, PlaceDataType, list(PlaceData._fields))
structref.define_proxy(PlaceStateReference, PlaceStateType, list(PlaceState._fields))
structref.define_proxy(DataReference, DataType, list(Data._fields))
structref.define_proxy(StateReference, StateType, list(State._fields))

# numba's own constructors are compiled again in every process, these are kept on disk


@entry
def _new_data(*fields: Any) -> DataReference:
    return DataReference(*fields)


@entry
def _new_state(*fields: Any) -> StateReference:
    return StateReference(*fields)


@entry
def _new_placedata(*fields: Any) -> PlaceDataReference:
    return PlaceDataReference(*fields)


@entry
def _new_placestate(*fields: Any) -> PlaceStateReference:
    return PlaceStateReference(*fields)


@entry
def _new_flat(*fields: Any) -> FlatReference:
    return FlatReference(*fields)


@entry
def _new_kept(*fields: Any) -> KeptReference:
    return KeptReference(*fields)


def data_reference(data: Data) -> DataReference:
    """Return the reference of a bundle; both see the same arrays."""
    return DataReference(*data[:-1], PlaceDataReference(*data.place))


def state_reference(state: State) -> StateReference:
    """Return the reference of a state; both see the same arrays."""
    return StateReference(*state[:-1], PlaceStateReference(*state.place))
