"""The first library that has it and is right is taken; no other is."""

import ctypes

from wire.libcrypto import of_libcrypto

LIBM, LIBC = "libm.so.6", "libc.so.6"


def has_cos(library: ctypes.CDLL) -> str:
    library.cos  # noqa: B018
    return "cos"


def fails(_library: ctypes.CDLL) -> str:
    raise OSError("it has none")


def test_first_library_that_has_it_is_taken() -> None:
    assert of_libcrypto(has_cos, lambda _made: True, ("libnone.so.0", LIBM)) == "cos"


def test_what_is_not_right_is_not_taken() -> None:
    assert of_libcrypto(has_cos, lambda _made: False, (LIBM,)) is None


def test_library_without_it_or_that_cannot_is_passed_over() -> None:
    assert of_libcrypto(has_cos, lambda _made: True, ("libnone.so.0",)) is None
    assert of_libcrypto(fails, lambda _made: True, (LIBC,)) is None


def test_library_is_loaded_as_its_caller_wants_it() -> None:
    assert isinstance(of_libcrypto(lambda library: library, lambda _made: True, (LIBC,)), ctypes.CDLL)
    assert isinstance(
        of_libcrypto(lambda library: library, lambda _made: True, (LIBC,), load=ctypes.PyDLL), ctypes.PyDLL
    )
