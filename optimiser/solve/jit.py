"""The one way functions are compiled here."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import numba
from numba.core import types

compiler: Any = numba.njit


def _widened(kind: Any) -> Any:
    """Return the type that stands for all constants and whole numbers with a sign."""
    kind = types.unliteral(kind)
    return types.int64 if kind in types.signed_domain else kind


def _template_of_widened(self: Any, args: Any, kws: Any) -> Any:
    args = tuple(_widened(kind) for kind in args)
    kws = {name: _widened(kind) for name, kind in dict(kws).items()}
    return type(self).get_call_template(self, args, kws)


def _once(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function once for every width of whole numbers, and not for each constant.

    Most calls hand on a host from an array of 32 bits, from a loop or as −1. Without this each
    of the three would compile the function, and all it calls, anew.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        made = compiler(cache=True, nogil=True, no_cfunc_wrapper=True, **options)(function)
        made.get_call_template = MethodType(_template_of_widened, made)
        return made

    return decorate


# only entry points called from Python need a wrapper; leaving the others out halves compile time
entry: Any = _once()
jit: Any = _once(no_cpython_wrapper=True)
# sums of whole amounts are exact in any order, so they may be taken several at once
exact: Any = _once(no_cpython_wrapper=True, fastmath={"reassoc", "nsz", "nnan"})
