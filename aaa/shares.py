"""A bounded store that several clients fill: none of them can drive out what the others have in it."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class Shares(Generic[ValueT]):
    """At most `limit` values by name; the one that has been silent for longest gives way, first of the same owner.

    An owner never has more than its share, three quarters of all.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._share = max(1, limit * 3 // 4)
        self._kept: OrderedDict[str, tuple[str, ValueT]] = OrderedDict()
        self._of_owner: dict[str, OrderedDict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def values(self) -> Iterator[ValueT]:
        """All of them, the youngest last."""
        return (value for _, value in self._kept.values())

    def find(self, name: str) -> ValueT | None:
        """The value, whoever asks."""
        kept = self._kept.get(name)
        return None if kept is None else kept[1]

    def keep(self, name: str, owner: str, value: ValueT) -> ValueT | None:
        """Keep `value` as the youngest; what had to give way for it."""
        kept, evicted = self._kept, None
        if name in kept:
            self.drop(name)
        names = self._of_owner.get(owner)
        if names is not None and len(names) >= self._share:
            evicted = self.drop(next(iter(names)))
        elif len(kept) >= self._limit:
            evicted = self.drop(next(iter(kept)))
        kept[name] = owner, value
        if not names:
            # none was there, or the last one of them had to give way
            names = self._of_owner[owner] = OrderedDict()
        names[name] = None
        return evicted

    def change(self, name: str, value: ValueT) -> bool:
        """`value` in the place of what `name` is, at the same age; False when there is nothing."""
        kept = self._kept.get(name)
        if kept is not None:
            self._kept[name] = kept[0], value
        return kept is not None

    def drop(self, name: str) -> ValueT | None:
        """Forget it; what it was, None where there was nothing."""
        kept = self._kept.pop(name, None)
        if kept is None:
            return None
        owner, value = kept
        names = self._of_owner[owner]
        del names[name]
        if not names:
            del self._of_owner[owner]
        return value
