"""MS-MPPE-Send-Key and MS-MPPE-Recv-Key: the MSK on its way to the NAS (RFC 2548 §2.4.2, §2.4.3)."""

from hashlib import md5

from wire.errors import DecodeError, EncodeError
from wire.radius.codec import build_attribute
from wire.radius.dictionary import key_of
from wire.radius.packet import Attribute, RadiusPacket
from wire.sansio import RandomBytes
from wire.secret import Secret

MSK_LENGTH = 64
HALF = 32
BLOCK = 16
SALT_LENGTH = 2
_BOTH_SALTS = 2 * SALT_LENGTH
_ALL_BUT_ONE = 8 * (BLOCK - 1)
"""Bits of a block behind its first octet."""
_HALF_OCTET = HALF << _ALL_BUT_ONE
"""The length octet of half an MSK, where it stands in its block."""
_RECV_KEY = key_of("MS-MPPE-Recv-Key")
_SEND_KEY = key_of("MS-MPPE-Send-Key")
_STRING = bytes(SALT_LENGTH + 3 * BLOCK)
"""As long as the String field of half an MSK."""
_RECV_HEAD, _SEND_HEAD = (build_attribute(key, _STRING).removesuffix(_STRING) for key in (_RECV_KEY, _SEND_KEY))


def msk_attributes(msk: bytes, *, secret: bytes, request_authenticator: bytes, random: RandomBytes) -> list[Attribute]:
    """Both key attributes of an Access-Accept: Recv-Key is MSK[0:32], Send-Key MSK[32:64] (RFC 2548 §2.4)."""
    received, sent = _msk_strings(msk, secret, request_authenticator, random)
    return [Attribute(_RECV_KEY, received), Attribute(_SEND_KEY, sent)]


def build_msk(msk: bytes, secret: bytes, request_authenticator: bytes, random: RandomBytes) -> bytes:
    """The same as octets of a packet."""
    received, sent = _msk_strings(msk, secret, request_authenticator, random)
    return _RECV_HEAD + received + _SEND_HEAD + sent


def _msk_strings(msk: bytes, secret: bytes, authenticator: bytes, random: RandomBytes) -> tuple[bytes, bytes]:
    if len(msk) != MSK_LENGTH:
        raise EncodeError(f"an MSK of {len(msk)} octets")
    first, second = distinct_salts(random)
    start = secret + authenticator
    return _half_encrypted(msk[:HALF], secret, start, first), _half_encrypted(msk[HALF:], secret, start, second)


def msk_of(packet: RadiusPacket, *, secret: bytes, request_authenticator: bytes) -> Secret | None:
    """The MSK of 64 octets that an Access-Accept carries, None without both keys; DecodeError for broken ones."""
    received = packet.octets("MS-MPPE-Recv-Key")
    sent = packet.octets("MS-MPPE-Send-Key")
    if received is None or sent is None:
        return None
    halves = [decrypt_key(string, secret, request_authenticator) for string in (received, sent)]
    if any(len(half) != HALF for half in halves):
        raise DecodeError(0, f"MPPE keys of {len(halves[0])} and {len(halves[1])} octets, an MSK has {HALF} in each")
    return Secret(halves[0] + halves[1])


def distinct_salts(random: RandomBytes) -> tuple[bytes, bytes]:
    """Two salts with the high bit set that differ, as RFC 2548 §2.4.2 demands within one packet."""
    both = int.from_bytes(random(_BOTH_SALTS), "big") | 0x8000_8000
    if both >> 16 == both & 0xFFFF:
        both ^= 1
    salts = both.to_bytes(_BOTH_SALTS, "big")
    return salts[:SALT_LENGTH], salts[SALT_LENGTH:]


def encrypt_key(key: bytes, secret: bytes, request_authenticator: bytes, salt: bytes) -> bytes:
    """The String field: `salt` of 2 octets, then the length octet and `key`, padded to 16n and encrypted."""
    if len(salt) != SALT_LENGTH or not salt[0] & 0x80:
        raise EncodeError("a salt has 2 octets and its high bit set")
    if not 0 < len(key) <= 239:
        raise EncodeError(f"a key of {len(key)} octets")
    plain = bytes((len(key),)) + key
    plain += bytes(-len(plain) % BLOCK)
    return salt + _chain(plain, secret, request_authenticator + salt, encrypting=True)


def _half_encrypted(half: bytes, secret: bytes, start: bytes, salt: bytes) -> bytes:
    """As by `encrypt_key`: the three blocks of half an MSK, without what makes a chain of any length."""
    number = int.from_bytes
    first, second, third = _HALF_OCTET ^ number(half[:15], "big"), number(half[15:31], "big"), half[31] << _ALL_BUT_ONE
    first ^= number(md5(start + salt).digest(), "big")
    one = first.to_bytes(BLOCK, "big")
    two = (second ^ number(md5(secret + one).digest(), "big")).to_bytes(BLOCK, "big")
    three = (third ^ number(md5(secret + two).digest(), "big")).to_bytes(BLOCK, "big")
    return salt + one + two + three


def decrypt_key(string: bytes, secret: bytes, request_authenticator: bytes) -> Secret:
    """The key of a String field; DecodeError when its shape or, after decryption, its length octet is wrong."""
    salt, cipher = string[:SALT_LENGTH], string[SALT_LENGTH:]
    if not cipher or len(cipher) % BLOCK or not salt[0] & 0x80:
        raise DecodeError(0, f"an MPPE key string of {len(string)} octets")
    plain = _chain(cipher, secret, request_authenticator + salt, encrypting=False)
    if not 0 < plain[0] < len(plain):
        raise DecodeError(SALT_LENGTH, "the MPPE key does not decrypt: the shared secret differs")
    return Secret(plain[1 : 1 + plain[0]])


def _chain(text: bytes, secret: bytes, start: bytes, *, encrypting: bool) -> bytes:
    """b1 = MD5(S | R | A), c1 = p1 xor b1, bi = MD5(S | c(i-1)), and the same for decryption."""
    result, previous, number = b"", start, int.from_bytes
    for at in range(0, len(text), BLOCK):
        block = text[at : at + BLOCK]
        done = (number(block, "big") ^ number(md5(secret + previous).digest(), "big")).to_bytes(BLOCK, "big")
        result += done
        previous = done if encrypting else block
    return result
