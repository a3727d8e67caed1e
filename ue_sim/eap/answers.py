"""The answers of the EAP-AKA peer, as packets (RFC 4187 §9)."""

from collections.abc import Iterable

from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import ClientErrorCode, Subtype
from wire.eap.packet import EapCode
from wire.identity import EapMethod
from wire.secret import Secret


def _response(
    method: EapMethod,
    identifier: int,
    subtype: Subtype,
    attributes: Iterable[Attribute],
    k_aut: Secret | None = None,
    extra: bytes = b"",
) -> bytes:
    message = AkaMessage(EapCode.RESPONSE, identifier, method, subtype, Attributes(tuple(attributes)))
    return message.build(k_aut, extra)


def client_error(method: EapMethod, identifier: int) -> bytes:
    """AKA-Client-Error: unable to process packet (RFC 4187 §9.9)."""
    code = Attribute.number(At.CLIENT_ERROR_CODE, ClientErrorCode.UNABLE_TO_PROCESS_PACKET)
    return _response(method, identifier, Subtype.CLIENT_ERROR, (code,))


def authentication_reject(method: EapMethod, identifier: int) -> bytes:
    """AKA-Authentication-Reject: the network did not prove itself (RFC 4187 §9.5)."""
    return _response(method, identifier, Subtype.AUTHENTICATION_REJECT, ())


def synchronization_failure(method: EapMethod, identifier: int, auts: bytes, kdfs: tuple[int, ...]) -> bytes:
    """AKA-Synchronization-Failure; `kdfs` is the AT_KDF list of the challenge, empty for EAP-AKA (RFC 9048 §3.2)."""
    kdf_list = (Attribute.number(At.KDF, kdf) for kdf in kdfs)
    return _response(method, identifier, Subtype.SYNCHRONIZATION_FAILURE, (Attribute(At.AUTS, auts), *kdf_list))


def identity(method: EapMethod, identifier: int, octets: bytes) -> bytes:
    """AKA-Identity with AT_IDENTITY (RFC 4187 §9.2)."""
    return _response(method, identifier, Subtype.IDENTITY, (Attribute(At.IDENTITY, octets),))


def wanted_kdf(identifier: int, kdf: int) -> bytes:
    """The AKA'-Challenge response that asks for another key derivation function (RFC 9048 §3.2)."""
    return _response(EapMethod.AKA_PRIME, identifier, Subtype.CHALLENGE, (Attribute.number(At.KDF, kdf),))


def challenge(method: EapMethod, identifier: int, res: Secret, offers: Iterable[Attribute], k_aut: Secret) -> bytes:
    """AKA-Challenge with AT_RES, AT_CHECKCODE and AT_RESULT_IND in `offers`, and AT_MAC (RFC 4187 §9.4)."""
    return _response(method, identifier, Subtype.CHALLENGE, (Attribute(At.RES, res), *offers), k_aut)


def reauthentication(
    method: EapMethod, identifier: int, attributes: Iterable[Attribute], k_aut: Secret, nonce_s: bytes
) -> bytes:
    """AKA-Reauthentication with what is encrypted and offered, and AT_MAC over NONCE_S as well (RFC 4187 §9.8)."""
    return _response(method, identifier, Subtype.REAUTHENTICATION, attributes, k_aut, nonce_s)


def notification(
    method: EapMethod, identifier: int, k_aut: Secret | None, encrypted: Iterable[Attribute] = ()
) -> bytes:
    """AKA-Notification, with AT_MAC when the request was protected (RFC 4187 §9.11).

    `encrypted` is AT_IV and AT_ENCR_DATA with AT_COUNTER, within a fast re-authentication.
    """
    return _response(method, identifier, Subtype.NOTIFICATION, encrypted, k_aut)
