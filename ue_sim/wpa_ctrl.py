"""The SIM requests of wpa_supplicant's control interface, text in and text out (`external_sim=1`)."""

import re

from ue_sim.usim import Answer, Forged, OutOfSync, Usim

_REQUEST = re.compile(r"CTRL-REQ-SIM-(\d{1,9}):UMTS-AUTH:([0-9A-Fa-f]{32}):([0-9A-Fa-f]{32})")


def answer(line: str, usim: Usim) -> str | None:
    """The command that answers `line`, or None when `line` asks for no UMTS authentication.

    A line may begin with a priority in angle brackets, and more text may follow the request. The answer carries IK, CK
    and RES in clear, as the interface wants it: it belongs on a socket that only the owner may open, and in no log.
    """
    request = _REQUEST.search(line)
    if request is None:
        return None
    number, rand, autn = request.groups()
    return f"CTRL-RSP-SIM-{number}:{_result(usim, bytes.fromhex(rand), bytes.fromhex(autn))}"


def _result(usim: Usim, rand: bytes, autn: bytes) -> str:
    match usim.authenticate(rand, autn):
        case Answer(res, ck, ik):
            return f"UMTS-AUTH:{ik.hex()}:{ck.hex()}:{res.hex()}"
        case OutOfSync(auts):
            return f"UMTS-AUTS:{auts.hex()}"
        case Forged():
            return "UMTS-FAIL"
