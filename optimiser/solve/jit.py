"""The one way functions are compiled here."""

from __future__ import annotations

from typing import Any

import numba

# only entry points called from Python need a wrapper; leaving the others out halves compile time
compiler: Any = numba.njit
entry: Any = compiler(cache=True, nogil=True, no_cfunc_wrapper=True)
jit: Any = compiler(cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)
# sums of whole amounts are exact in any order, so they may be taken several at once
exact: Any = compiler(
    cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True,
    fastmath={"reassoc", "nsz", "nnan"},
)  # fmt: skip
