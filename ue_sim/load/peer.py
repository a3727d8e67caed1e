"""The EAP peer of a load: EAP-AKA and EAP-AKA', full and fast, with no more than that (RFC 4187, RFC 9048)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1, sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from ue_sim.load import keys as key_schedule
from ue_sim.load.attributes import UeRefuses, counted, fixed, number, places, rest, with_length
from ue_sim.load.keys import Keys
from ue_sim.load.usim import Answer, Forged, Stale
from wire.aka.prime import derive_prime
from wire.eap.attributes import At
from wire.eap.constants import KDF_CK_PRIME, Subtype
from wire.eap.packet import EapCode, EapType, identity_response, nak
from wire.identity import EapMethod
from wire.sansio import RandomBytes

Authenticate = Callable[[bytes, bytes], Answer]
"""The card: RAND and AUTN in, Answer out; Forged or Stale otherwise."""

_PADDED_COUNTER = bytes((At.PADDING, 3)) + bytes(10)
_MAC = bytes((At.MAC, 5)) + bytes(18)
_FEW_STALE = 3


@dataclass(frozen=True, slots=True)
class Once:
    """A fast re-authentication identity, the keys that go with it, and the lowest counter that is good."""

    identity: bytes
    keys: Keys
    counter: int


@dataclass(frozen=True, slots=True)
class Names:
    """What the UE can call itself; `realm` (none: b"") stands behind what the server gives it without one."""

    permanent: bytes
    realm: bytes
    pseudonym: bytes | None = None
    once: Once | None = None

    def given(self, name: bytes) -> bytes:
        """A NAI of a username that the server gave."""
        return name if b"@" in name or not self.realm else name + b"@" + self.realm


class Peer:
    """One authentication. After EAP-Success `msk` is there, `fast` says of which kind it was, `pseudonym` and `once`
    what the server gave for later, if `wants_temporary`."""

    __slots__ = (
        "_authenticate", "_method", "_names", "_once", "_random", "_rounds", "_stale", "_told", "_wants_temporary",
        "fast", "identity", "msk", "once", "pseudonym", "succeeded",
    )  # fmt: skip

    def __init__(
        self,
        authenticate: Authenticate,
        method: EapMethod,
        names: Names,
        random: RandomBytes,
        *,
        wants_temporary: bool = False,
    ) -> None:
        self._authenticate = authenticate
        self._method = method
        self._names = names
        self._once = names.once
        self._random = random
        self._rounds = b""
        self._stale = 0
        self._told = ""
        self._wants_temporary = wants_temporary
        self.fast = False
        self.msk: bytes | None = None
        self.once: Once | None = None
        self.pseudonym: bytes | None = None
        self.succeeded = False
        self.identity = self._show(At.ANY_ID_REQ)

    @property
    def resynchronisations(self) -> int:
        """How often SQN was not fresh."""
        return self._stale

    def begin(self) -> bytes:
        """EAP-Response/Identity."""
        return identity_response(0, self.identity)

    def answer(self, octets: bytes) -> bytes:
        """The response to a request, or nothing after EAP-Success; UeRefuses when there is no way on."""
        if len(octets) < 4 or int.from_bytes(octets[2:4], "big") != len(octets):
            raise UeRefuses("malformed EAP packet")
        code = octets[0]
        if code == EapCode.REQUEST and len(octets) >= 5:
            return self._request(octets)
        if code == EapCode.SUCCESS:
            if self.msk is None:
                raise UeRefuses("EAP-Success before the challenge")
            self.succeeded = True
            return b""
        raise UeRefuses(self._told or "EAP-Failure")

    def _request(self, octets: bytes) -> bytes:
        if octets[4] == EapType.IDENTITY:
            return identity_response(octets[1], self.identity)
        if octets[4] != self._method:
            return nak(octets[1], self._method)
        found = places(octets)
        match octets[5]:
            case Subtype.CHALLENGE:
                return self._challenged(octets, found)
            case Subtype.REAUTHENTICATION:
                return self._asked_again(octets, found)
            case Subtype.IDENTITY:
                return self._identify(octets, found)
            case Subtype.NOTIFICATION:
                self._told = f"AT_NOTIFICATION {(number(octets, found, At.NOTIFICATION) or 0) & 0x7FFF}"
                return self._message(octets, Subtype.NOTIFICATION, b"")
            case other:
                raise UeRefuses(f"EAP request of subtype {other}")

    def _message(self, request: bytes, subtype: int, attributes: bytes) -> bytes:
        head = bytes((EapCode.RESPONSE, request[1])) + (8 + len(attributes)).to_bytes(2, "big")
        return head + bytes((self._method, subtype, 0, 0)) + attributes

    def _sealed(self, request: bytes, subtype: int, attributes: bytes, k_aut: bytes, extra: bytes = b"") -> bytes:
        """With AT_MAC at the end."""
        octets = self._message(request, subtype, attributes + _MAC)
        return octets[:-16] + key_schedule.mac(self._method, k_aut, octets + extra)

    # --- identities ---------------------------------------------------------------------------------------------------

    def _show(self, asked: At) -> bytes:
        names = self._names
        if asked == At.ANY_ID_REQ and names.once is not None:
            return names.given(names.once.identity)
        self._once = None
        if asked != At.PERMANENT_ID_REQ and names.pseudonym is not None:
            return names.given(names.pseudonym)
        return names.permanent

    def _identify(self, octets: bytes, found: dict[int, int]) -> bytes:
        asked = (At.PERMANENT_ID_REQ, At.FULLAUTH_ID_REQ, At.ANY_ID_REQ)
        self.identity = self._show(next((kind for kind in asked if kind in found), At.PERMANENT_ID_REQ))
        response = self._message(octets, Subtype.IDENTITY, with_length(At.IDENTITY, self.identity))
        self._rounds += octets + response
        return response

    # --- full authentication ------------------------------------------------------------------------------------------

    def _challenged(self, octets: bytes, found: dict[int, int]) -> bytes:
        rand, autn = fixed(octets, found, At.RAND), fixed(octets, found, At.AUTN)
        if self._method is EapMethod.AKA_PRIME and number(octets, found, At.KDF) != KDF_CK_PRIME:
            raise UeRefuses("AT_KDF is not 1")
        try:
            res, ck, ik = self._authenticate(rand, autn)
        except Forged:
            raise UeRefuses("AUTN is not genuine") from None
        except Stale as stale:
            return self._resynchronise(octets, stale.auts)
        if self._method is EapMethod.AKA_PRIME:
            ck, ik = derive_prime(ck, ik, counted(octets, found, At.KDF_INPUT) or b"", autn[:6])
        keys = key_schedule.full(self._method, self.identity, ck, ik)
        self._require_mac(octets, found, keys.k_aut)
        checkcode = self._checkcode(octets, found)
        if self._wants_temporary:
            self._take_temporary(self._inside(octets, found, keys.k_encr), keys, 1)
        self.msk, self.fast = keys.msk, False
        at_res = bytes((At.RES, 1 + len(res) // 4)) + (8 * len(res)).to_bytes(2, "big") + res
        return self._sealed(octets, Subtype.CHALLENGE, at_res + checkcode, keys.k_aut)

    def _resynchronise(self, octets: bytes, auts: bytes) -> bytes:
        self._stale += 1
        if self._stale > _FEW_STALE:
            raise UeRefuses("SQN is not fresh after a resynchronisation")
        kdf = b"" if self._method is EapMethod.AKA else bytes((At.KDF, 1, 0, KDF_CK_PRIME))
        return self._message(octets, Subtype.SYNCHRONIZATION_FAILURE, bytes((At.AUTS, 4)) + auts + kdf)

    def _require_mac(self, octets: bytes, found: dict[int, int], k_aut: bytes) -> None:
        claimed, at = fixed(octets, found, At.MAC), found[At.MAC] + 4
        zeroed = octets[:at] + bytes(16) + octets[at + 16 :]
        if not hmac.compare_digest(claimed, key_schedule.mac(self._method, k_aut, zeroed)):
            raise UeRefuses("AT_MAC is wrong")

    def _checkcode(self, octets: bytes, found: dict[int, int]) -> bytes:
        """What is to be sent back of AT_CHECKCODE (RFC 4187 §10.13)."""
        claimed = rest(octets, found, At.CHECKCODE)
        if claimed is None:
            return b""
        digest = sha1 if self._method is EapMethod.AKA else sha256
        if claimed != (digest(self._rounds).digest() if self._rounds else b""):
            raise UeRefuses("AT_CHECKCODE is wrong")
        at = found[At.CHECKCODE]
        return octets[at : at + 4 * octets[at + 1]]

    # --- what is encrypted --------------------------------------------------------------------------------------------

    def _inside(self, octets: bytes, found: dict[int, int], k_encr: bytes) -> bytes:
        encrypted = rest(octets, found, At.ENCR_DATA)
        if encrypted is None:
            return b""
        if not encrypted or len(encrypted) % 16:
            raise UeRefuses("AT_ENCR_DATA is not whole blocks")
        return Cipher(AES(k_encr), CBC(fixed(octets, found, At.IV))).decryptor().update(encrypted)

    def _take_temporary(self, inside: bytes, keys: Keys, counter: int) -> None:
        given = places(inside, 0)
        self.pseudonym = counted(inside, given, At.NEXT_PSEUDONYM)
        identity = counted(inside, given, At.NEXT_REAUTH_ID)
        self.once = None if identity is None else Once(identity, keys, counter)

    # --- fast re-authentication ---------------------------------------------------------------------------------------

    def _asked_again(self, octets: bytes, found: dict[int, int]) -> bytes:
        once = self._once
        if once is None:
            raise UeRefuses("a re-authentication that the UE did not ask for")
        self._require_mac(octets, found, once.keys.k_aut)
        inside = self._inside(octets, found, once.keys.k_encr)
        given = places(inside, 0)
        counter, nonce_s = number(inside, given, At.COUNTER) or 0, fixed(inside, given, At.NONCE_S)
        if counter < once.counter:
            raise UeRefuses("AT_COUNTER is too small")
        checkcode = self._checkcode(octets, found)
        self._take_temporary(inside, once.keys, counter + 1)
        self.msk, self.fast = key_schedule.fast(self._method, once.keys, self.identity, counter, nonce_s), True
        iv = self._random(16)
        plain = bytes((At.COUNTER, 1)) + counter.to_bytes(2, "big") + _PADDED_COUNTER
        encrypted = Cipher(AES(once.keys.k_encr), CBC(iv)).encryptor().update(plain)
        attributes = b"".join((bytes((At.IV, 5, 0, 0)), iv, bytes((At.ENCR_DATA, 5, 0, 0)), encrypted, checkcode))
        return self._sealed(octets, Subtype.REAUTHENTICATION, attributes, once.keys.k_aut, nonce_s)
