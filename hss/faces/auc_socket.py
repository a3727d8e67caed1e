"""The authentication centre's text protocol of hostapd (`eap_sim_db=unix:…`): requests read, answers written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wire.aka.gsm import kc, sres
from wire.aka.vector import AuthVector
from wire.errors import DecodeError
from wire.identity import Imsi

LONGEST = 512
"""Octets of a request: what is longer is none."""


@dataclass(frozen=True, slots=True)
class AkaRequest:
    """AKA-REQ-AUTH: one quintuplet."""

    imsi: Imsi


@dataclass(frozen=True, slots=True)
class AkaAuts:
    """AKA-AUTS: `auts`, 14 octets, is what the USIM answered to `rand`, 16 octets; nobody waits for an answer."""

    imsi: Imsi
    auts: bytes
    rand: bytes


@dataclass(frozen=True, slots=True)
class SimRequest:
    """SIM-REQ-AUTH: up to `count` triplets."""

    imsi: Imsi
    count: int


AucRequest = AkaRequest | AkaAuts | SimRequest

_IMSI = r"(?P<imsi>[0-9]{6,15})"
_AKA = re.compile(rf"AKA-REQ-AUTH {_IMSI}")
_AUTS = re.compile(rf"AKA-AUTS {_IMSI} (?P<auts>[0-9A-Fa-f]{{28}}) (?P<rand>[0-9A-Fa-f]{{32}})")
_SIM = re.compile(rf"SIM-REQ-AUTH {_IMSI} (?P<count>[1-9])")


def parse(datagram: bytes) -> AucRequest:
    """The request in `datagram`; DecodeError when it is none."""
    if len(datagram) > LONGEST:
        raise DecodeError(LONGEST, f"a request has at most {LONGEST} octets")
    try:
        text = datagram.decode("ascii").rstrip("\0\r\n ")
    except UnicodeDecodeError as error:
        raise DecodeError(error.start, "a request is ASCII") from None
    if found := _AKA.fullmatch(text):
        return AkaRequest(Imsi(found["imsi"]))
    if found := _AUTS.fullmatch(text):
        return AkaAuts(Imsi(found["imsi"]), bytes.fromhex(found["auts"]), bytes.fromhex(found["rand"]))
    if found := _SIM.fullmatch(text):
        return SimRequest(Imsi(found["imsi"]), int(found["count"]))
    raise DecodeError(0, "neither AKA-REQ-AUTH, AKA-AUTS nor SIM-REQ-AUTH with what belongs to it")


def answer(request: AkaRequest | SimRequest, vectors: Sequence[AuthVector]) -> bytes:
    """What hostapd waits for; FAILURE without `vectors`. It carries keys in clear, as the protocol wants it."""
    if isinstance(request, AkaRequest):
        words = [_quintuplet(vectors[0])] if vectors else ["FAILURE"]
        return " ".join(["AKA-RESP-AUTH", str(request.imsi), *words]).encode()
    words = [_triplet(vector) for vector in vectors] or ["FAILURE"]
    return " ".join(["SIM-RESP-AUTH", str(request.imsi), *words]).encode()


def _quintuplet(vector: AuthVector) -> str:
    return " ".join(part.hex() for part in (vector.rand, vector.autn, vector.ik, vector.ck, vector.xres))


def _triplet(vector: AuthVector) -> str:
    return ":".join(part.hex() for part in (kc(vector.ck, vector.ik), sres(vector.xres), vector.rand))
