"""Asking for a Child SA, and judging what the peer grants (RFC 7296 §1.3, §2.7, §2.9)."""

from wire.errors import ProtocolViolation
from wire.frozen import dataclass
from wire.ikev2.algorithms import EspSuite, Prf
from wire.ikev2.child import ChildSa, Mode, child_sa
from wire.ikev2.constants import NotifyType
from wire.ikev2.granting import NONCE_OCTETS
from wire.ikev2.groups import Group, InvalidPublicValue, PrivateKey
from wire.ikev2.keys import child_keys
from wire.ikev2.message import Message, Payload
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal, SecurityAssociation
from wire.ikev2.payloads.ts import TrafficSelectors, TsInitiator, TsResponder
from wire.ikev2.proposal import check_answer, esp_suite, offer, peer_spi
from wire.ikev2.selectors import TrafficSelector
from wire.sansio import RandomBytes
from wire.secret import Secret


@dataclass(frozen=True, slots=True)
class ChildWish:
    """A Child SA that this end wants: `local` its own selectors, `remote` the peer's."""

    mode: Mode
    local: tuple[TrafficSelector, ...]
    remote: tuple[TrafficSelector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request for a Child SA offered: inbound `spi` of 4 octets, nonce `ni`, and `private` for fresh keys."""

    wish: ChildWish
    offered: tuple[Proposal, ...]
    spi: bytes
    ni: bytes
    group: Group | None = None
    private: PrivateKey | None = None

    @property
    def group_id(self) -> int | None:
        """The transform id of the group that the KE payload was of."""
        return self.group.transform_id if self.group else None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The Child SA that came of it, and the lower of both nonces (RFC 7296 §2.8.1)."""

    child: ChildSa
    lowest: bytes


def asked(
    wish: ChildWish, proposals: tuple[Proposal, ...], *, spi: bytes, random: RandomBytes, group: Group | None = None
) -> Asked:
    """A wish with its SPI, its nonce and a private key of `group`, which `proposals` have to name."""
    private = group.generate(random) if group else None
    return Asked(
        wish=wish, offered=offer(proposals, spi), spi=spi, ni=random(NONCE_OCTETS), group=group, private=private
    )


def request_payloads(wanted: Asked) -> tuple[Payload, ...]:
    """What CREATE_CHILD_SA says of it; REKEY_SA is the caller's."""
    transport = (Notify(NotifyType.USE_TRANSPORT_MODE),) if wanted.wish.mode is Mode.TRANSPORT else ()
    fresh = (KeyExchange(wanted.group.transform_id, wanted.private.public),) if wanted.group and wanted.private else ()
    return (
        *transport,
        SecurityAssociation(wanted.offered),
        Nonce(wanted.ni),
        *fresh,
        TsInitiator(wanted.wish.local),
        TsResponder(wanted.wish.remote),
    )


def accept(wanted: Asked, message: Message, *, prf: Prf, sk_d: Secret) -> Accepted:
    """The Child SA of a CREATE_CHILD_SA reply; ProtocolViolation when it is refused or not what was asked for."""
    if message.refusal is not None:
        raise ProtocolViolation(message.refusal.name)
    nonce = message.find(Nonce)
    if nonce is None:
        raise ProtocolViolation("it answers without Nonce")
    return Accepted(accept_with(wanted, message, prf=prf, sk_d=sk_d, nr=nonce.data), min(wanted.ni, nonce.data))


def accept_with(wanted: Asked, message: Message, *, prf: Prf, sk_d: Secret, nr: bytes) -> ChildSa:
    """The same where the responder's nonce came before, as in IKE_AUTH."""
    answer = message.find(SecurityAssociation)
    if answer is None:
        raise ProtocolViolation("it answers without SA")
    chosen = check_answer(answer.proposals, wanted.offered)
    suite = esp_suite(chosen)
    mode = Mode.TRANSPORT if message.notify(NotifyType.USE_TRANSPORT_MODE) else Mode.TUNNEL
    if mode is not wanted.wish.mode:
        raise ProtocolViolation(f"it does not agree to {wanted.wish.mode.value} mode")
    return child_sa(
        suite,
        child_keys(prf, sk_d, suite, ni=wanted.ni, nr=nr, g_ir=_fresh(wanted, suite, message)),
        mode=mode,
        spi_in=wanted.spi,
        spi_out=peer_spi(answer.proposals, chosen),
        local=_within(message.find(TsInitiator), wanted.wish.local),
        remote=_within(message.find(TsResponder), wanted.wish.remote),
        initiator=True,
    )


def _fresh(wanted: Asked, suite: EspSuite, message: Message) -> bytes:
    """g^ir where the peer chose a group, which has to be that of our own KE payload (RFC 7296 §1.3.1)."""
    if suite.group is None:
        return b""
    ke = message.find(KeyExchange)
    if wanted.private is None or ke is None or not suite.group.transform_id == ke.group == wanted.group_id:
        raise ProtocolViolation("it answers without the KE payload of its proposal")
    try:
        return wanted.private.shared(ke.data)
    except InvalidPublicValue as error:
        raise ProtocolViolation(f"KE payload: {error}") from None


def _within(payload: TrafficSelectors | None, wanted: tuple[TrafficSelector, ...]) -> tuple[TrafficSelector, ...]:
    """The responder may narrow what was asked for, and never widen it (RFC 7296 §2.9)."""
    granted = payload.known if payload else ()
    if not granted or not all(any(wish.covers(one) for wish in wanted) for one in granted):
        raise ProtocolViolation("its traffic selectors are not within ours")
    return granted
