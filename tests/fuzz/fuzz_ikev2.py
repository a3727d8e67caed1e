"""IKEv2: messages, chains of payloads, and both machines before and after they have keys."""

from collections.abc import Callable
from ipaddress import IPv6Network

from pdngw_proxy.ike import events as gateway_events
from tests.ike_link import GATEWAY, HOME_ADDRESS, UE, IkeLink, ike_link
from tests.ikev2_vectors import SESSIONS, octets
from ue_sim.ike import events as ue_events
from ue_sim.ike.states import Connected
from wire.buffer import Reader
from wire.ciphers import Protector
from wire.ikev2.child import Mode
from wire.ikev2.constants import ExchangeType, NotifyType, PayloadType, ProtocolId
from wire.ikev2.groups import CURVE25519
from wire.ikev2.header import HEADER_OCTETS
from wire.ikev2.keys import IkeKeys
from wire.ikev2.message import Message, Payload, build_chain, read_chain
from wire.ikev2.payloads.delete import Delete
from wire.ikev2.payloads.ke import KeyExchange
from wire.ikev2.payloads.nonce import Nonce
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import SecurityAssociation
from wire.ikev2.payloads.ts import TsInitiator, TsResponder
from wire.ikev2.proposal import ESP_PROPOSALS, offer, with_groups
from wire.ikev2.selectors import TrafficSelector
from wire.secret import Secret

_NAMES = ("ike_sa_init_request", "ike_sa_init_response", "ike_auth1_request", "ike_auth_final_response")
_MESSAGES = tuple(octets(session, name) for session in SESSIONS for name in _NAMES)
_INNER = tuple(bytes((PayloadType.IDI,)) + octets(session, "ike_auth1_inner_plain") for session in SESSIONS)
_KINDS = (
    ExchangeType.INFORMATIONAL, ExchangeType.CREATE_CHILD_SA, ExchangeType.IKE_AUTH, ExchangeType.IKE_SA_INIT,
)  # fmt: skip


def _insiders_seed(kind: int, *payloads: Payload) -> bytes:
    first, chain = build_chain(payloads)
    return bytes((kind, first)) + chain


_CHILD = (
    SecurityAssociation(offer(with_groups(ESP_PROPOSALS, (CURVE25519, None)), b"\0\0\1\0")),
    Nonce(bytes(32)),
    KeyExchange(31, CURVE25519.load(bytes(range(32))).public),
)
_ADDRESSES = TrafficSelector.address(HOME_ADDRESS)
_SEALED = (
    _insiders_seed(0),
    _insiders_seed(0, Delete(ProtocolId.ESP, (bytes(4), b"\0\0\1\0"), 4)),
    _insiders_seed(0, Delete(ProtocolId.IKE)),
    _insiders_seed(0, Notify(NotifyType.AUTHENTICATION_FAILED)),
    _insiders_seed(1, *_CHILD, TsInitiator((_ADDRESSES,)), TsResponder((_ADDRESSES,))),
    _insiders_seed(1, Notify(NotifyType.REKEY_SA, b"", ProtocolId.ESP, b"\0\0\1\0"), *_CHILD),
    *(b"\2" + inner for inner in _INNER),
)
_EVERYWHERE = TrafficSelector.network(IPv6Network("::/0"))


def _connected() -> IkeLink:
    link = ike_link().connect().run(1.0)
    link.tell_ue(ue_events.ChildRequested(Mode.TUNNEL, (TrafficSelector.address(HOME_ADDRESS),), (_EVERYWHERE,)))
    return link.run(2.0)


_SEEN = _connected()
_TO_GATEWAY, _TO_UE = tuple(_SEEN.to_gateway), tuple(_SEEN.to_ue)


def _read_inner(data: bytes) -> object:
    return read_chain(data[0], Reader(data[1:], base=1)) if data else None


def _stranger_to_gateway(data: bytes) -> object:
    arrived = gateway_events.DatagramArrived(data, UE, GATEWAY)
    return ike_link().table.handle(arrived, 0.0)


def _stranger_to_ue(data: bytes) -> object:
    return _SEEN.ue.handle(ue_events.DatagramArrived(data), _SEEN.now)


class _Insider:
    """Seals octets with one end's own keys, so that they reach what only a genuine peer can reach."""

    def __init__(self, *, by_ue: bool) -> None:
        self._by_ue = by_ue
        self._begin()

    def __call__(self, data: bytes) -> object:
        if not isinstance(self._link.ue.state, Connected):
            self._begin()
        sealed = self._seal(data)
        self._message_id += 1
        if self._by_ue:
            self._link.tell_gateway(gateway_events.DatagramArrived(sealed, UE, GATEWAY))
            alive = not self._link.seen_by_gateway(gateway_events.Closed)
        else:
            self._link.tell_ue(ue_events.DatagramArrived(sealed))
            alive = not self._link.seen_by_ue(ue_events.Closed)
        if not alive:
            self._begin()
        return alive

    def _begin(self) -> None:
        self._link = _connected()
        state = self._link.ue.state
        if not isinstance(state, Connected):
            raise TypeError(state)
        self._spis = state.sa.exchanges.spi_i, state.sa.exchanges.spi_r
        keys: IkeKeys = state.sa.keys
        self._protector = Protector(state.sa.suite.encryption, None, Secret(keys.sk_ei if self._by_ue else keys.sk_er))
        self._message_id = 6 if self._by_ue else 0

    def _seal(self, data: bytes) -> bytes:
        exchange, first, plaintext = _KINDS[data[0] % 4 if data else 0], data[1] if data[1:] else 0, data[2:] + b"\0"
        header = Message(
            spi_i=self._spis[0],
            spi_r=self._spis[1],
            exchange=exchange,
            initiator=self._by_ue,
            response=False,
            message_id=self._message_id,
        )
        payload_octets = 4 + 8 + len(plaintext) + 16
        prefix = header.header(PayloadType.SK, HEADER_OCTETS + payload_octets).build()
        prefix += bytes((first, 0)) + payload_octets.to_bytes(2, "big")
        iv = self._message_id.to_bytes(8, "big")
        return prefix + self._protector.seal(header=prefix, iv=iv, plaintext=plaintext)


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.ikev2.message.Message.parse": (Message.parse, _MESSAGES),
    "wire.ikev2.message.read_chain": (_read_inner, _INNER),
    "pdngw_proxy.ike.table.ResponderTable.handle: strangers": (_stranger_to_gateway, _TO_GATEWAY),
    "pdngw_proxy.ike.table.ResponderTable.handle: an authenticated UE": (_Insider(by_ue=True), _SEALED),
    "ue_sim.ike_initiator.IkeInitiator.handle: strangers": (_stranger_to_ue, _TO_UE),
    "ue_sim.ike_initiator.IkeInitiator.handle: the gateway itself": (_Insider(by_ue=False), _SEALED),
}
