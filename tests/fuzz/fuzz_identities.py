"""What a stranger may write where a sealed or encrypted identity is due, and what may stand in a keyring's file."""

from collections.abc import Callable

from aaa.eap.aka_server import AkaServer
from aaa.eap.authenticator import Authenticator
from aaa.eap.events import EapArrived
from aaa.eap.policy import AkaPolicy
from aaa.identities import encrypted_pseudonym
from aaa.identities.contents import Pseudonym, Resumption, network_mark
from aaa.identities.keyring_file import format_keyring, parse_keyring
from aaa.identities.privacy import reveal
from aaa.identities.sealed import Limits
from tests.aaa.eap.dialogue import IMSI, RESUMABLES
from tests.aaa.identities.keyrings import KEYRING, Node
from tests.aaa.identities.test_privacy import KEY
from tests.captures import load_runs
from wire.eap.encrypted_identity import EncryptedIdentity
from wire.eap.packet import identity_response
from wire.errors import DecodeError
from wire.identity import EapMethod, classify
from wire.secret import Secret

_NODE = Node(limits=Limits(pseudonyms_of_3gpp=True))
_KEYS = RESUMABLES[EapMethod.AKA].keys
_SEALED = Node().identities.next_identities(IMSI, _KEYS, None)[0] or b""
_OF_3GPP = _NODE.identities.next_identities(IMSI, _KEYS, None)[0] or b""
_ONCE = Node().identities.next_reauthentication(RESUMABLES[EapMethod.AKA_PRIME], "WLAN") or b""
_RESUMPTION = Resumption(IMSI, 1, 1, network_mark("WLAN"), Secret(bytes(80))).build(bytes(4))


def _identify(octets: bytes) -> object:
    identity = classify(octets)
    return _NODE.identities.subscriber(identity), _NODE.identities.resume(identity, "WLAN")


def _read_keyring(octets: bytes) -> object:
    try:
        return parse_keyring(octets.decode(errors="replace"))
    except ValueError as error:
        raise DecodeError(0, str(error)) from None


_EVERYTHING = AkaPolicy("WLAN", allowed=(EapMethod.AKA_PRIME, EapMethod.AKA, EapMethod.SIM), result_ind=True)
_CAPTURED = tuple(octets for run in load_runs() for exchange in run.exchanges for octets in exchange.responses)


def _open(octets: bytes) -> object:
    return Authenticator(AkaServer(_EVERYTHING, bytes, _NODE.identities)).handle(EapArrived(octets), 0.0)


def _answer(octets: bytes) -> object:
    """What answers each first request that there is, whatever its identifier was."""
    said = []
    for identity in (b"anonymous", b"1anonymous", b"2anonymous", _ONCE):
        server = Authenticator(AkaServer(_EVERYTHING, bytes, Node().identities))
        server.handle(EapArrived(identity_response(1, identity)), 0.0)
        said.append(server.handle(EapArrived(octets[:1] + b"\2" + octets[2:]), 0.0))
    return said


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "aaa.eap.authenticator.Authenticator, first packet": (_open, _CAPTURED),
    "aaa.eap.authenticator.Authenticator, second packet": (_answer, _CAPTURED),
    "aaa.identities.contents.Pseudonym.parse": (Pseudonym.parse, (Pseudonym(IMSI, 1).build(bytes(4)),)),
    "aaa.identities.contents.Resumption.parse": (Resumption.parse, (_RESUMPTION,)),
    "aaa.identities.sealed.SealedIdentities": (_identify, (_SEALED, _OF_3GPP, b"4" + _SEALED[1:])),
    "aaa.identities.encrypted_pseudonym.decrypt": (
        lambda octets: encrypted_pseudonym.decrypt(octets.decode(errors="replace"), Secret(bytes(16))),
        (encrypted_pseudonym.encrypt(IMSI, "2", 0, Secret(bytes(16)), bytes(8)).encode(),),
    ),
    "aaa.identities.privacy.reveal": (lambda octets: reveal(octets, [KEY]), (EncryptedIdentity(bytes(8)).build(),)),
    "aaa.identities.keyring_file.parse_keyring": (_read_keyring, (format_keyring(KEYRING).encode(),)),
}
