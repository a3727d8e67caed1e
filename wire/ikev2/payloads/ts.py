"""Traffic Selector payloads (RFC 7296 §3.13)."""

from typing import ClassVar, Self

from wire.buffer import Reader
from wire.frozen import dataclass
from wire.ikev2.constants import PayloadType
from wire.ikev2.selectors import OpaqueSelector, TrafficSelector, parse_selector


@dataclass(frozen=True, slots=True)
class TrafficSelectors:
    """What one end of a Child SA may send and receive; any one of the selectors suffices."""

    payload_type: ClassVar[int]
    selectors: tuple[TrafficSelector | OpaqueSelector, ...]

    @property
    def known(self) -> tuple[TrafficSelector, ...]:
        """The selectors without those of a type that this project does not know."""
        return tuple(selector for selector in self.selectors if isinstance(selector, TrafficSelector))

    @classmethod
    def parse(cls, reader: Reader) -> Self:
        """Read the payload's body; DecodeError unless it holds the announced, non-zero count of selectors."""
        count = reader.u8()
        reader.skip(3)
        if not count:
            raise reader.error("no traffic selector")
        selectors = tuple(parse_selector(reader) for _ in range(count))
        reader.finish()
        return cls(selectors)

    def build(self) -> bytes:
        """The payload's body."""
        return bytes((len(self.selectors), 0, 0, 0)) + b"".join(selector.build() for selector in self.selectors)


@dataclass(frozen=True, slots=True)
class TsInitiator(TrafficSelectors):
    """TSi."""

    payload_type: ClassVar[int] = PayloadType.TSI


@dataclass(frozen=True, slots=True)
class TsResponder(TrafficSelectors):
    """TSr."""

    payload_type: ClassVar[int] = PayloadType.TSR
