"""Proposals as an operator writes them: transforms joined by "-", such as "aes256gcm16-prfsha384-ecp384".

The words are those that strongSwan and its kin use, so that a policy can be carried over from one to the other.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from wire.ciphers import (
    AES_CBC_128,
    AES_CBC_192,
    AES_CBC_256,
    AES_GCM_16_128,
    AES_GCM_16_192,
    AES_GCM_16_256,
    CHACHA20_POLY1305,
    HMAC_SHA2_256_128,
    HMAC_SHA2_384_192,
    HMAC_SHA2_512_256,
    Encryption,
    Integrity,
)
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384, PRF_HMAC_SHA2_512, Prf
from wire.ikev2.constants import Esn
from wire.ikev2.groups import (
    CURVE25519,
    ECP_256,
    ECP_384,
    ECP_521,
    MODP_2048,
    MODP_3072,
    MODP_4096,
    Group,
)
from wire.ikev2.payloads.sa import Proposal
from wire.ikev2.proposal import esp_proposal, ike_proposal

Word = Encryption | Integrity | Prf | Group | Esn
WordT = TypeVar("WordT")

WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "aes256gcm16": AES_GCM_16_256, "aes192gcm16": AES_GCM_16_192, "aes128gcm16": AES_GCM_16_128,
        "chacha20poly1305": CHACHA20_POLY1305,
        "aes256": AES_CBC_256, "aes192": AES_CBC_192, "aes128": AES_CBC_128,
        "sha256": HMAC_SHA2_256_128, "sha384": HMAC_SHA2_384_192, "sha512": HMAC_SHA2_512_256,
        "prfsha256": PRF_HMAC_SHA2_256, "prfsha384": PRF_HMAC_SHA2_384, "prfsha512": PRF_HMAC_SHA2_512,
        "modp2048": MODP_2048, "modp3072": MODP_3072, "modp4096": MODP_4096,
        "ecp256": ECP_256, "ecp384": ECP_384, "ecp521": ECP_521, "curve25519": CURVE25519, "x25519": CURVE25519,
        "esn": Esn.YES, "noesn": Esn.NO,
    }
)  # fmt: skip
"""Every word that there is."""

_PRF_OF = {
    HMAC_SHA2_256_128: PRF_HMAC_SHA2_256,
    HMAC_SHA2_384_192: PRF_HMAC_SHA2_384,
    HMAC_SHA2_512_256: PRF_HMAC_SHA2_512,
}


def parse_ike(text: str) -> Proposal:
    """A proposal for an IKE SA; ValueError says what is wrong with it.

    Without a PRF it is that of the integrity transforms, which an AEAD does not have.
    """
    words = _words(text)
    encryptions, integrities = _ciphers(text, words)
    prfs = _of(words, Prf) or [_PRF_OF[integrity] for integrity in integrities]
    groups = _of(words, Group)
    if not prfs:
        raise ValueError(f"{text!r} has no PRF; add one, such as prfsha256")
    if not groups:
        raise ValueError(f"{text!r} has no Diffie-Hellman group; add one, such as curve25519")
    if _of(words, Esn):
        raise ValueError(f"{text!r} is for an IKE SA, which has no sequence numbers; leave esn and noesn out")
    return ike_proposal(encryptions, integrities, prfs, groups)


def parse_esp(text: str) -> Proposal:
    """A proposal for a Child SA; ValueError says what is wrong with it. Without esn or noesn it is both.

    It names no group: IKE_AUTH makes no Diffie-Hellman exchange (RFC 7296 §1.2), and later ones take any that there is.
    """
    words = _words(text)
    encryptions, integrities = _ciphers(text, words)
    if any(isinstance(word, Prf | Group) for word in words):
        raise ValueError(f"{text!r} is for a Child SA; leave the PRF and the Diffie-Hellman group out")
    return esp_proposal(encryptions, integrities, _of(words, Esn) or (Esn.YES, Esn.NO))


def checked(parse: Callable[[str], Proposal]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """A validator for a configuration's proposals, which keeps their text."""

    def check(texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            parse(text)
        return texts

    return check


def _words(text: str) -> list[Word]:
    found = []
    for word in text.split("-"):
        if word not in WORDS:
            raise ValueError(f"{word!r} in {text!r} is no transform; there are {', '.join(WORDS)}")
        found.append(WORDS[word])
    return found


def _of(words: list[Word], kind: type[WordT]) -> list[WordT]:
    return [word for word in words if isinstance(word, kind)]


def _ciphers(text: str, words: list[Word]) -> tuple[list[Encryption], list[Integrity]]:
    encryptions, integrities = _of(words, Encryption), _of(words, Integrity)
    if not encryptions:
        raise ValueError(f"{text!r} has no cipher; add one, such as aes256gcm16")
    if len({encryption.is_aead for encryption in encryptions}) > 1:
        raise ValueError(f"{text!r} mixes ciphers that need an integrity transform with others; make two proposals")
    if encryptions[0].is_aead == bool(integrities):
        rule = "needs no integrity transform" if encryptions[0].is_aead else "needs one, such as sha256"
        raise ValueError(f"{text!r}: {encryptions[0].name} {rule}")
    return encryptions, integrities
