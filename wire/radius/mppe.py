"""MS-MPPE-Send-Key and MS-MPPE-Recv-Key: the MSK on its way to the NAS (RFC 2548 §2.4.2, §2.4.3)."""

from hashlib import md5

from wire.errors import DecodeError, EncodeError
from wire.radius.dictionary import key_of
from wire.radius.packet import Attribute, RadiusPacket
from wire.sansio import RandomBytes
from wire.secret import Secret

MSK_LENGTH = 64
HALF = 32
BLOCK = 16
SALT_LENGTH = 2
_RECV_KEY = key_of("MS-MPPE-Recv-Key")
_SEND_KEY = key_of("MS-MPPE-Send-Key")


def msk_attributes(msk: bytes, *, secret: bytes, request_authenticator: bytes, random: RandomBytes) -> list[Attribute]:
    """Both key attributes of an Access-Accept: Recv-Key is MSK[0:32], Send-Key MSK[32:64] (RFC 2548 §2.4)."""
    if len(msk) != MSK_LENGTH:
        raise EncodeError(f"an MSK of {len(msk)} octets")
    first, second = distinct_salts(random)
    return [
        Attribute(_RECV_KEY, _encrypted(msk[:HALF], secret, request_authenticator, first)),
        Attribute(_SEND_KEY, _encrypted(msk[HALF:], secret, request_authenticator, second)),
    ]


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
    both = int.from_bytes(random(2 * SALT_LENGTH), "big") | 0x8000_8000
    if both >> 16 == both & 0xFFFF:
        both ^= 1
    salts = both.to_bytes(2 * SALT_LENGTH, "big")
    return salts[:SALT_LENGTH], salts[SALT_LENGTH:]


def encrypt_key(key: bytes, secret: bytes, request_authenticator: bytes, salt: bytes) -> bytes:
    """The String field: `salt` of 2 octets, then the length octet and `key`, padded to 16n and encrypted."""
    if len(salt) != SALT_LENGTH or not salt[0] & 0x80:
        raise EncodeError("a salt has 2 octets and its high bit set")
    if not 0 < len(key) <= 239:
        raise EncodeError(f"a key of {len(key)} octets")
    return _encrypted(key, secret, request_authenticator, salt)


def _encrypted(key: bytes, secret: bytes, request_authenticator: bytes, salt: bytes) -> bytes:
    plain = bytes((len(key),)) + key
    plain += bytes(-len(plain) % BLOCK)
    return salt + _chain(plain, secret, request_authenticator + salt, encrypting=True)


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
