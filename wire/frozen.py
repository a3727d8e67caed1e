"""Dataclasses that nobody writes to, without what a frozen one costs when it is made.

`dataclass(frozen=True)` sets every field by a call of object.__setattr__: a tenth of the time of a server that makes
thirty records for each request. Here the type checker alone refuses a write, and at run time the class is an ordinary
one with a hash. What is made once, such as configuration, stays with the library's own.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(**options: bool) -> Callable[[type], type]:
        """As dataclasses.dataclass, which `frozen` here does not reach."""
        is_frozen = options.pop("frozen", False)

        def decorated(cls: type) -> type:
            hashed = is_frozen and options.get("eq", True) and "__hash__" not in vars(cls)
            return dataclasses.dataclass(cls, unsafe_hash=hashed, **options)

        return decorated
