"""What a stranger may write where a sealed or encrypted identity is due, and what may stand in a keyring's file."""

from collections.abc import Callable

from aaa.identities import encrypted_pseudonym
from aaa.identities.contents import Pseudonym, Resumption, network_mark
from aaa.identities.keyring_file import format_keyring, parse_keyring
from aaa.identities.privacy import reveal
from aaa.identities.sealed import Limits
from tests.aaa.eap.dialogue import IMSI
from tests.aaa.identities.keyrings import KEYRING, Node
from tests.aaa.identities.test_privacy import KEY
from wire.eap.encrypted_identity import EncryptedIdentity
from wire.errors import DecodeError
from wire.identity import EapMethod, classify
from wire.secret import Secret

_NODE = Node(limits=Limits(pseudonyms_of_3gpp=True))
_SEALED = Node().identities.next_pseudonym(IMSI, EapMethod.AKA) or b""
_OF_3GPP = _NODE.identities.next_pseudonym(IMSI, EapMethod.AKA) or b""
_RESUMPTION = Resumption(IMSI, 1, 1, network_mark("WLAN"), Secret(bytes(80))).build(bytes(4))


def _identify(octets: bytes) -> object:
    identity = classify(octets)
    return _NODE.identities.subscriber(identity), _NODE.identities.resume(identity, "WLAN")


def _read_keyring(octets: bytes) -> object:
    try:
        return parse_keyring(octets.decode(errors="replace"))
    except ValueError as error:
        raise DecodeError(0, str(error)) from None


ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
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
