"""A Child SA pair as its holder sees it (RFC 7296 §2.9, §2.17)."""

from enum import Enum

from wire.ciphers import Encryption, Integrity, Protector
from wire.esp.selectors import Selector, Selectors
from wire.frozen import dataclass
from wire.ikev2.algorithms import EspSuite
from wire.ikev2.constants import ProtocolId
from wire.ikev2.keys import ChildKeys
from wire.ikev2.selectors import TrafficSelector
from wire.secret import Secret


class Mode(Enum):
    """What of a packet ESP covers (RFC 4301 §3.2)."""

    TRANSPORT = "transport"
    TUNNEL = "tunnel"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSa:
    """Two ESP SAs: inbound under `spi_in`, which this end chose, outbound under the peer's `spi_out`.

    `keys_in` and `keys_out` are KEYMAT as wire.ciphers.Protector takes it; `initiator` says whether this end began the
    exchange that made the pair.
    """

    mode: Mode
    spi_in: int
    spi_out: int
    encryption: Encryption
    integrity: Integrity | None
    esn: bool
    keys_in: Secret
    keys_out: Secret
    local: tuple[TrafficSelector, ...]
    remote: tuple[TrafficSelector, ...]
    initiator: bool
    protocol: ProtocolId = ProtocolId.ESP

    @property
    def protector_in(self) -> Protector:
        """A fresh Protector that opens what the peer sealed."""
        return Protector(self.encryption, self.integrity, self.keys_in)

    @property
    def protector_out(self) -> Protector:
        """A fresh Protector that seals for the peer; one only, for its counter makes IVs unique."""
        return Protector(self.encryption, self.integrity, self.keys_out)

    @property
    def selectors(self) -> Selectors:
        """Which packets may pass, in the words of the ESP layer."""
        return Selectors(local=_for_esp(self.local), remote=_for_esp(self.remote))

    @property
    def algorithms(self) -> str:
        """One line for the log."""
        return str(EspSuite(self.encryption, self.integrity, self.esn))


def child_sa(
    suite: EspSuite,
    keys: ChildKeys,
    *,
    mode: Mode,
    spi_in: bytes,
    spi_out: bytes,
    local: tuple[TrafficSelector, ...],
    remote: tuple[TrafficSelector, ...],
    initiator: bool,
) -> ChildSa:
    """The pair for the end that chose `spi_in` and is the exchange's initiator or not; SPIs of 4 octets."""
    outbound, inbound = keys.initiator_to_responder, keys.responder_to_initiator
    if not initiator:
        outbound, inbound = inbound, outbound
    return ChildSa(
        mode=mode,
        spi_in=int.from_bytes(spi_in, "big"),
        spi_out=int.from_bytes(spi_out, "big"),
        encryption=suite.encryption,
        integrity=suite.integrity,
        esn=suite.esn,
        keys_in=inbound,
        keys_out=outbound,
        local=local,
        remote=remote,
        initiator=initiator,
    )


def _for_esp(selectors: tuple[TrafficSelector, ...]) -> tuple[Selector, ...]:
    return tuple(
        Selector(
            first=selector.start,
            last=selector.end,
            protocol=selector.protocol,
            first_port=selector.start_port,
            last_port=selector.end_port,
        )
        for selector in selectors
    )
