"""Whether a vector is what its USIM would accept; not for every one, because that costs as much as making it."""

import hmac

from tests.bench.cards import keys_of
from tests.bench.processes import BenchFailed
from wire.aka.kasme import derive_kasme
from wire.aka.milenage import Milenage
from wire.aka.sqn import reveal
from wire.aka.vector import Autn
from wire.diameter.message import Message
from wire.diameter.s6a import AuthenticationInformationAnswer, S6aCommand
from wire.diameter.swx import MultimediaAuthAnswer

PLMN = b"\x00\xf1\x10"
"""The serving network of each AIR."""


def require_genuine(imsi: str, rand: bytes, autn: bytes, xres: bytes) -> tuple[bytes, bytes]:
    """CK and IK, if the vector is the subscriber's; BenchFailed otherwise."""
    functions = Milenage(*keys_of(imsi))
    token = Autn.parse(autn)
    res, ck, ik, ak = functions.f2345(rand)
    sqn = reveal(token.concealed_sqn, ak)
    mac_a = functions.f1(rand, sqn.to_bytes(6, "big"), token.amf)
    if not (hmac.compare_digest(mac_a, token.mac_a) and hmac.compare_digest(res, xres) and sqn > 0):
        raise BenchFailed(f"a vector of {imsi} is not its own")
    return ck, ik


def verify_answer(octets: bytes) -> None:
    """BenchFailed unless the MAA or AIA brings one vector of the subscriber that its Session-Id names at the end."""
    message = Message.parse(octets)
    imsi = (message.text("Session-Id") or "").rpartition(";")[2]
    if message.command == S6aCommand.AUTHENTICATION_INFORMATION:
        _verify_aia(imsi, AuthenticationInformationAnswer.parse(message))
    else:
        _verify_maa(imsi, MultimediaAuthAnswer.parse(message))


def _verify_maa(imsi: str, answer: MultimediaAuthAnswer) -> None:
    (item,) = answer.auth_data_items
    both = item.authenticate or b""
    ck, ik = require_genuine(imsi, both[:16], both[16:], item.authorization or b"")
    if (item.confidentiality_key, item.integrity_key) != (ck, ik):
        raise BenchFailed(f"CK or IK of {imsi} is wrong")


def _verify_aia(imsi: str, answer: AuthenticationInformationAnswer) -> None:
    info = answer.authentication_info
    (eps,) = info.e_utran_vectors if info is not None else ()
    ck, ik = require_genuine(imsi, eps.rand, eps.autn, eps.xres)
    if eps.kasme != derive_kasme(ck, ik, PLMN, eps.autn[:6]):
        raise BenchFailed(f"KASME of {imsi} is wrong")


def verify_auc_answer(line: bytes) -> None:
    """BenchFailed unless AKA-RESP-AUTH brings a vector of its subscriber."""
    words = line.decode().split()
    if len(words) != 7 or words[0] != "AKA-RESP-AUTH":
        raise BenchFailed(f"the socket said {words[0]} with {len(words)} words")
    rand, autn, ik, ck, res = map(bytes.fromhex, words[2:])
    if require_genuine(words[1], rand, autn, res) != (ck, ik):
        raise BenchFailed(f"CK or IK of {words[1]} is wrong")
