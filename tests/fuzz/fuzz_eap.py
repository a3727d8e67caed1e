"""Parsers of EAP, EAP-AKA and the tokens of AKA, with good seeds from captured conversations."""

from collections.abc import Callable

from tests.captures import load_run, load_runs
from ue_sim.eap_peer import AkaPeer, EapArrived
from ue_sim.usim import SoftwareUsim
from wire.aka.vector import Autn, Auts
from wire.eap import shapes
from wire.eap.aka import AkaMessage
from wire.eap.attributes import Attributes
from wire.eap.encrypted import parse_encrypted, seal
from wire.eap.encrypted_identity import EncryptedIdentity
from wire.eap.layouts import read_again, remember
from wire.eap.packet import EapPacket
from wire.secret import Secret

_PACKETS = tuple(packet.octets for run in load_runs() for exchange in run.exchanges for packet in exchange.packets)
_AKA = tuple(octets for octets in _PACKETS if octets[4:5] in (b"\x17", b"\x32"))
_RUN = load_run("akaprime_full_resultind_then_reauth")
_FIRST = _RUN.exchanges[0].rounds[0].values
_REAUTH = next(octets for octets in _RUN.exchanges[1].requests if octets[5] == 13)
_K_ENCR = Secret(_FIRST["k_encr"])
_SEALED = tuple(
    seal(Attributes.parse(packet.inner), _K_ENCR, bytes(16))[1].value
    for packet in (*_RUN.exchanges[0].packets, *_RUN.exchanges[1].packets)
    if packet.inner
)


def _parse_inner(octets: bytes) -> object:
    return parse_encrypted(bytes(16), octets, _K_ENCR)


def _parse_message_and_inner(octets: bytes) -> object:
    return AkaMessage.parse(octets).parse_encrypted(_K_ENCR)


def _read_again(octets: bytes) -> object:
    """By a layout that is remembered: what is found is what is read in full, which may not be refused."""
    found = read_again(octets)
    message = AkaMessage.parse(octets) if found is None else found
    assert message == AkaMessage.parse(octets)
    remember(message)
    return message


def _body(octets: bytes) -> bytes:
    """Every body has 2 octets more than a multiple of 4 (RFC 4187 §8.1)."""
    return octets + bytes((2 - len(octets)) % 4)


def _feed_peer(octets: bytes) -> object:
    usim = SoftwareUsim(_RUN.k, _RUN.opc)
    return AkaPeer(usim=usim, imsi=_RUN.imsi, plmn=_RUN.plmn).handle(EapArrived(octets), 0.0)


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "wire.eap.packet.EapPacket.parse": (EapPacket.parse, _PACKETS[:8]),
    "wire.eap.attributes.Attributes.parse": (Attributes.parse, tuple(octets[8:] for octets in _AKA)),
    "wire.eap.aka.AkaMessage.parse": (AkaMessage.parse, _AKA),
    "wire.eap.aka.AkaMessage.of": (lambda octets: AkaMessage.of(EapPacket.parse(octets), octets), _AKA),
    "wire.eap.layouts.read_again": (_read_again, _AKA),
    "wire.eap.aka.AkaMessage.parse_encrypted": (_parse_message_and_inner, (_REAUTH, *_AKA[:8])),
    "wire.eap.encrypted.parse_encrypted": (_parse_inner, _SEALED),
    "wire.eap.encrypted_identity.EncryptedIdentity.parse": (
        EncryptedIdentity.parse,
        (EncryptedIdentity(bytes(256)).build(), EncryptedIdentity(bytes(range(64)), "name=value").build()),
    ),
    "wire.aka.vector.Autn.parse": (Autn.parse, (_FIRST["autn"],)),
    "wire.aka.vector.Auts.parse": (Auts.parse, (bytes(14),)),
    "wire.eap.shapes.RES.parse": (lambda octets: shapes.RES.parse(_body(octets), 0), (bytes((0, 64)) + bytes(8),)),
    "wire.eap.shapes.COUNTED.parse": (lambda octets: shapes.COUNTED.parse(_body(octets), 0), (bytes((0, 3)) + b"abc",)),
    "ue_sim.eap_peer.AkaPeer.handle": (_feed_peer, (*_AKA, *_PACKETS[:3])),
}
