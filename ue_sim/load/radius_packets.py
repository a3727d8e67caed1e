"""The Access-Requests of a load, and what it reads of their answers (RFC 2865 §3, RFC 3579 §3, RFC 2548 §2.4).

As `wire.radius` would build and judge them, in one pass over the octets.
"""

import hashlib
import hmac
from typing import NamedTuple

from wire.errors import DecodeError
from wire.radius.mppe import decrypt_key
from wire.radius.packet import ACCESS_ANSWERS, Code, response_authenticator
from wire.secret import Secret

_USER_NAME, _STATE, _CLASS, _VENDOR_SPECIFIC, _NAS_IDENTIFIER = 1, 24, 25, 26, 32
_EAP_MESSAGE, _MESSAGE_AUTHENTICATOR = 79, 80
_MICROSOFT = (311).to_bytes(4, "big")
_SEND_KEY, _RECV_KEY = 16, 17
_UNSEALED = bytes((_MESSAGE_AUTHENTICATOR, 18)) + bytes(16)
_LONGEST_VALUE = 253
_BLOCK = 64


class AnswerRefused(Exception):
    """What came is not an answer to believe; a client goes on waiting (RFC 2865 §3)."""


class RadiusAnswer(NamedTuple):
    """What an answer holds; `msk` is empty without both MPPE keys, `classes` are whole attributes as they came."""

    code: int
    eap: bytes
    state: bytes
    msk: bytes
    user_name: bytes = b""
    classes: bytes = b""


class HmacMd5:
    """HMAC-MD5 under one key, whose two keyed contexts are copied for each message: half of the cost of `hmac`."""

    def __init__(self, key: bytes) -> None:
        block = (hashlib.md5(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = hashlib.md5(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.md5(bytes(octet ^ 0x5C for octet in block))

    def digest(self, octets: bytes) -> bytes:
        """16 octets."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(octets)
        outer.update(inner.digest())
        return outer.digest()


class RadiusPackets:
    """The packets between one client and its server, who share `secret`."""

    def __init__(self, secret: Secret, nas_identifier: str) -> None:
        self._secret = secret
        self._hmac = HmacMd5(secret)
        name = nas_identifier.encode()
        self._nas = bytes((_NAS_IDENTIFIER, 2 + len(name))) + name

    def request(self, identifier: int, authenticator: bytes, user_name: bytes, eap: bytes, state: bytes) -> bytes:
        """An Access-Request; `state` is empty in the first one."""
        attributes = [_UNSEALED, bytes((_USER_NAME, 2 + len(user_name))), user_name, self._nas]
        for at in range(0, len(eap), _LONGEST_VALUE):
            piece = eap[at : at + _LONGEST_VALUE]
            attributes += (bytes((_EAP_MESSAGE, 2 + len(piece))), piece)
        if state:
            attributes += (bytes((_STATE, 2 + len(state))), state)
        body = b"".join(attributes)
        head = bytes((Code.ACCESS_REQUEST, identifier)) + (20 + len(body)).to_bytes(2, "big") + authenticator
        return head + body[:2] + self._hmac.digest(head + body) + body[18:]

    def answer(self, octets: bytes, authenticator: bytes) -> RadiusAnswer:
        """The answer in `octets` to the request with `authenticator`; AnswerRefused unless it is genuine."""
        if len(octets) < 20 or int.from_bytes(octets[2:4], "big") != len(octets) or octets[0] not in ACCESS_ANSWERS:
            raise AnswerRefused("malformed answer")
        expected = response_authenticator(octets, authenticator, self._secret)
        if not hmac.compare_digest(expected, octets[4:20]):
            raise AnswerRefused("Response Authenticator is wrong: another secret?")
        eap, state, sealed_at, user_name, classes = b"", b"", 0, b"", b""
        keys: dict[int, bytes] = {}
        at, end = 20, len(octets)
        while at < end:
            kind, length = octets[at], octets[at + 1] if at + 1 < end else 0
            if length < 2 or at + length > end:
                raise AnswerRefused("malformed answer")
            if kind == _EAP_MESSAGE:
                eap += octets[at + 2 : at + length]
            elif kind == _STATE:
                state = octets[at + 2 : at + length]
            elif kind == _CLASS:
                classes += octets[at : at + length]
            elif kind == _USER_NAME:
                user_name = octets[at + 2 : at + length]
            elif kind == _MESSAGE_AUTHENTICATOR and length == 18:
                sealed_at = at + 2
            elif kind == _VENDOR_SPECIFIC and octets[at + 2 : at + 6] == _MICROSOFT:
                keys[octets[at + 6]] = octets[at + 8 : at + length]
            at += length
        self._require_seal(octets, authenticator, sealed_at)
        send_key, recv_key = keys.get(_SEND_KEY), keys.get(_RECV_KEY)
        msk = self._key(recv_key, authenticator) + self._key(send_key, authenticator) if send_key and recv_key else b""
        return RadiusAnswer(octets[0], eap, state, msk, user_name, classes)

    def _require_seal(self, octets: bytes, authenticator: bytes, at: int) -> None:
        if not at:
            raise AnswerRefused("Message-Authenticator is missing")
        zeroed = b"".join((octets[:4], authenticator, octets[20:at], bytes(16), octets[at + 16 :]))
        if not hmac.compare_digest(self._hmac.digest(zeroed), octets[at : at + 16]):
            raise AnswerRefused("Message-Authenticator is wrong")

    def _key(self, string: bytes, authenticator: bytes) -> bytes:
        try:
            return decrypt_key(string, self._secret, authenticator)
        except DecodeError as error:
            raise AnswerRefused(f"MPPE key: {error.reason}") from None
