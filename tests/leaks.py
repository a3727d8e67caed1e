"""Looks for keys where none may be: in databases, logs and output, in every form that a key is ever printed in."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from wire.aka.milenage import Milenage
from wire.aka.prime import derive_prime
from wire.eap.aka_keys import Keys, derive_keys
from wire.identity import EapMethod
from wire.secret import Secret

# AT_RAND and AT_AUTN of one challenge, neighbours in what our server sends (RFC 4187 §9.3)
_CHALLENGE = re.compile(rb"\x01\x05\x00\x00(.{16})\x02\x05\x00\x00(.{16})", re.DOTALL)

ALLOWED = ("ue/usim.toml", "capture/")
"""The card holds K, as a card does; a capture that was asked for holds RES, and the session keys to open it."""


def forms(secret: bytes) -> list[bytes]:
    """The octets themselves, and every way to write them that anybody has in hand."""
    digits = secret.hex()
    printed = [
        digits,
        digits.upper(),
        secret.hex(":"),
        secret.hex(" "),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        repr(bytes(secret))[2:-1],
        str(list(secret))[1:-1],
        str(int.from_bytes(secret, "big")),
    ]
    return [bytes(secret), *(text.encode() for text in printed)]


def leaks_in(where: Path, secrets: Mapping[str, bytes]) -> list[str]:
    """Which of `secrets` are in a file, or in a laboratory's folder where they may not be; must see something."""
    files = [where] if where.is_file() else list(_files(where))
    read = {path: path.read_bytes() for path in files}
    assert sum(map(len, read.values())) > 100, f"nothing was seen in {where}"
    return [
        f"{name} in {path.name}"
        for path, octets in read.items()
        for name, secret in secrets.items()
        if any(form in octets for form in forms(secret))
    ]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not str(path.relative_to(folder)).startswith(ALLOWED):
            yield path


def derived_secrets(
    folder: Path, k: Secret, opc: Secret, *, identities: Iterable[str], network_name: str
) -> dict[str, bytes]:
    """K, OPc, and all that follows from them for every challenge in the laboratory's captures.

    Each challenge is taken for one of EAP-AKA and for one of EAP-AKA', of every identity.
    """
    found: dict[str, bytes] = {"K": bytes(k), "OPc": bytes(opc)}
    names = [identity.encode() for identity in identities]
    for number, (rand, autn) in enumerate(sorted(challenges(folder))):
        res, ck, ik, _ = Milenage(k, opc).f2345(rand)
        found |= {f"XRES {number}": bytes(res), f"CK {number}": bytes(ck), f"IK {number}": bytes(ik)}
        ck_prime, ik_prime = derive_prime(ck, ik, network_name.encode(), autn[:6])
        found |= {f"CK' {number}": bytes(ck_prime), f"IK' {number}": bytes(ik_prime)}
        for name in names:
            for method, pair in ((EapMethod.AKA, (ck, ik)), (EapMethod.AKA_PRIME, (ck_prime, ik_prime))):
                keys = derive_keys(method, name, *pair)
                found |= {f"{kind} {number} {method.name} {name!r}": key for kind, key in _of(keys)}
    return found


def challenges(folder: Path) -> set[tuple[bytes, bytes]]:
    """RAND and AUTN of every challenge in the captures below `folder`."""
    captures = list(folder.rglob("*.pcapng"))
    return {found for path in captures for found in _CHALLENGE.findall(path.read_bytes())}


def _of(keys: Keys) -> Iterator[tuple[str, bytes]]:
    yield "K_aut", bytes(keys.k_aut)
    yield "K_encr", bytes(keys.k_encr)
    for name, key in (("MSK", keys.msk), ("EMSK", keys.emsk)):
        # half of an MSK is an MPPE key, and as secret
        yield f"{name} first half", bytes(key[:32])
        yield f"{name} second half", bytes(key[32:])
