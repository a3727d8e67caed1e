"""Many things served by one loop, of which one that breaks it costs no other."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from wire.sansio import Failed

ItemT = TypeVar("ItemT")
EffectT = TypeVar("EffectT")


def each_alone(
    items: Iterable[ItemT], serve: Callable[[Iterator[ItemT]], Iterator[EffectT]], of: object
) -> Iterator[EffectT | Failed]:
    """What comes of `serve`, which takes the items one by one, and is called again for those after one that broke it.

    `of` says as text what they are, for a log. What `serve` remembers from one item to the next, its caller keeps.
    """
    waiting = iter(items)
    while True:
        try:
            yield from serve(waiting)
        except Exception as error:  # noqa: BLE001 - the outermost place of one item; who gets Failed logs it
            yield Failed(error, str(of))
        else:
            return
