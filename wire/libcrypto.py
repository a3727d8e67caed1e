"""This machine's libcrypto, for what no module of Python offers.

Whatever is made of it is asked first for what is known to be right; what has no right answer is not used.
"""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

NAMES = ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.3.dylib")

T = TypeVar("T")


def of_libcrypto(
    make: Callable[[ctypes.CDLL], T],
    is_right: Callable[[T], bool],
    names: tuple[str, ...] = NAMES,
    *,
    load: type[ctypes.CDLL] = ctypes.CDLL,
) -> T | None:
    """What `make` makes of the first library of `names` that is there and has it, and that is right; else None.

    `load` is CDLL, which gives the interpreter to others meanwhile, or PyDLL, where that takes longer than the work.
    """
    for name in names:
        with suppress(OSError, AttributeError):
            made = make(load(name))
            if is_right(made):
                return made
    return None
