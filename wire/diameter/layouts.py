"""How the AVPs lie in requests that come again and again (RFC 6733 §4.1), learned from those that were admitted.

A peer's requests of one command have the same AVPs of the same lengths, and most of them the same value in each: who
asks, by which application, and whom. Where all of that is as in a request that was admitted, only the other values can
be wrong, and they are of kinds of which any octets will do, or any text. So one call compares what stands, another
takes out what varies, and no AVP is made or judged by itself.
"""

from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Address, IPv6Address
from operator import itemgetter
from struct import Struct
from typing import Any

from wire.diameter.avp import SECRET_AVPS, Avp, WrittenAvps
from wire.diameter.dictionary import Kind, by_code, key_of
from wire.diameter.enumerations import CLOSED_ENUMERATIONS
from wire.diameter.message import HEADER_LENGTH, Message
from wire.diameter.record import Record, by_values
from wire.frozen import dataclass

MOST_AVPS = 64
_SESSION_ID = key_of("Session-Id")
_APPLICATION_IDS = frozenset({key_of("Auth-Application-Id"), key_of("Acct-Application-Id")})
"""Numbers that are compared with that of the header."""
_FIRST_VALUE = HEADER_LENGTH + 8

_kind_of = itemgetter(slice(0, 12), slice(HEADER_LENGTH, _FIRST_VALUE))
"""What a layout is found by: the header but for its identifiers, and the head of the first AVP, a Session-Id."""

_NUMBERS = {Kind.UNSIGNED32: "I", Kind.INTEGER32: "i", Kind.UNSIGNED64: "Q", Kind.INTEGER64: "q"}
_FAMILY_OCTETS = 2
_ADDRESSES: dict[int, Callable[[bytes], IPv4Address | IPv6Address]] = {
    6: lambda value: IPv4Address(value[_FAMILY_OCTETS:]),
    18: lambda value: IPv6Address(value[_FAMILY_OCTETS:]),
}
"""By the length of an Address, whose family stands."""


class FamiliarAvps(WrittenAvps):
    """The AVPs of a request that lies as its `layout` says; `values` are those that vary, that of Session-Id first."""

    __slots__ = ("keys", "layout", "values")

    keys: Collection[tuple[int, int]]

    def __init__(self, layout: "Layout", octets: bytes, values: list[Any]) -> None:
        self.layout = layout
        self.keys = layout.keys
        self.octets = octets
        self.values = values
        self.result = None
        self._read = None

    def read(self) -> tuple[Avp, ...]:
        """All of them: those that stand are the same in every request of the layout."""
        if self._read is None:
            avps = list(self.layout.avps)
            for place in self.layout.places:
                one = avps[place]
                at = one.offset - HEADER_LENGTH
                avps[place] = Avp(one.code, one.vendor, one.flags, self.octets[at : at + len(one.data)], one.offset)
            self._read = tuple(avps)
        return self._read


class Layout:
    """One `of` many, that of `request`, which was admitted, has been parsed of `octets`, and `can_have` one.

    A request of the same kind lies so when `standing` takes `said` out of it. Then `varying` takes its identifiers and
    the values of the AVPs at `places`, of which some are to be `made` something of.
    """

    __slots__ = ("asker", "avps", "keys", "made", "of", "places", "readers", "request", "said", "standing", "varying")

    standing: Callable[[bytes], tuple[bytes, ...]]
    varying: Callable[[bytes], tuple[Any, ...]]

    def __init__(self, of: "Layouts", request: Message, octets: bytes) -> None:
        self.of = of
        self.request = request
        self.avps = tuple(request.avps)
        self.keys = request.firsts.keys()
        self.asker = request.asker
        self.made: list[tuple[int, Callable[[Any], object]]] = []
        self.places: list[int] = []
        self.readers = _Readers(self.avps, self.places)
        standing, varying = f">{_FIRST_VALUE}x", f">12xII{_FIRST_VALUE - HEADER_LENGTH}x"
        compared = taken = _FIRST_VALUE
        for place, avp in enumerate(self.avps):
            how = _variation(avp)
            if how is None:
                continue
            value, end = avp.offset, avp.offset + len(avp.data)
            if how.stand or value > compared:
                standing += f"{value + how.stand - compared}s"
            compared = end + 3 & ~3
            standing += f"{compared - value - how.stand}x"
            varying += f"{value - taken}x{how.form}"
            taken = end
            if how.make is not None:
                self.made.append((len(self.places), how.make))
            self.places.append(place)
        self.standing = Struct(f"{standing}{len(octets) - compared}s").unpack
        self.varying = Struct(f"{varying}{len(octets) - taken}x").unpack
        self.said = self.standing(octets)

    @staticmethod
    def can_have(request: Message) -> bool:
        """Whether it begins with its Session-Id, has no AVP twice, and not too many."""
        avps = request.avps
        is_short = 0 < len(avps) <= MOST_AVPS
        return is_short and len(request.firsts) == len(avps) and (avps[0].code, avps[0].vendor) == _SESSION_ID


@dataclass(frozen=True, slots=True)
class _Variation:
    """How a value may differ from the one that was admitted, and need no other judgement.

    Its first octets `stand`, `form` takes it out, and `make` makes of it what it says, by UnicodeDecodeError if it
    says nothing.
    """

    form: str
    make: Callable[[Any], object] | None = None
    stand: int = 0


def _variation(avp: Avp) -> _Variation | None:
    """None for a value of which another one may be wrong, or mean another way through the node."""
    key, octets = (avp.code, avp.vendor), f"{len(avp.data)}s"
    definition = by_code(*key)
    if definition is None:
        return _Variation(octets)
    kind = definition.kind
    if key in SECRET_AVPS or key in _APPLICATION_IDS or key in CLOSED_ENUMERATIONS:
        return None
    if kind is Kind.OCTET_STRING:
        return _Variation(octets)
    if kind is Kind.UTF8_STRING:
        return _Variation(octets, bytes.decode)
    if kind is Kind.ADDRESS:
        return _Variation(octets, _ADDRESSES[len(avp.data)], _FAMILY_OCTETS)
    return _Variation(_NUMBERS[kind]) if kind in _NUMBERS else None


class _Readers(dict[type[Record], Callable[[FamiliarAvps], Any]]):
    """What makes a record of requests of one layout, by the record; it is learned when one is asked for."""

    def __init__(self, avps: Sequence[Avp], places: Sequence[int]) -> None:
        super().__init__()
        self._avps = avps
        self._places = places

    def __missing__(self, kind: type[Record]) -> Callable[[FamiliarAvps], Any]:
        of_values = by_values(kind, self._avps, self._places)
        read = self[kind] = kind.from_avps if of_values is None else of_values
        return read


class Layouts:
    """At most `size` of them, each taken from every `often`-th request of its kind that is not familiar.

    To learn one costs more than to read a request without: what comes once is not learned.
    """

    def __init__(self, *, size: int = 128, often: int = 16) -> None:
        self._size = size
        self._often = often
        self._met: dict[tuple[int, int, int, int], int] = {}
        self._layouts: dict[tuple[bytes, bytes], Layout] = {}

    def read(self, octets: bytes) -> Message | None:
        """The request in a whole message, if it lies as one that was admitted, and would be so as well."""
        layout = self._layouts.get(_kind_of(octets))
        if layout is None or layout.standing(octets) != layout.said:
            return None
        hop_by_hop, end_to_end, *values = layout.varying(octets)
        try:
            for at, make in layout.made:
                values[at] = make(values[at])
        except UnicodeDecodeError:
            return None
        like = layout.request
        avps = FamiliarAvps(layout, octets[HEADER_LENGTH:], values)
        return Message(like.command, like.application, like.flags, hop_by_hop, end_to_end, avps)

    def met(self, request: Message) -> None:
        """`request` was not familiar, and was admitted."""
        kind = request.application, request.command, request.flags, len(request.avps)
        met = self._met[kind] = self._met.get(kind, 0) + 1
        if len(self._met) > self._size:
            self._met.clear()
        if met % self._often or not Layout.can_have(request):
            return
        if len(self._layouts) >= self._size:
            self._layouts.clear()
        octets = request.build()
        self._layouts[_kind_of(octets)] = Layout(self, Message.parse(octets), octets)
