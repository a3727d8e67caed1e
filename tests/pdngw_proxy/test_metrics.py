"""What the PDN GW counts: rounds by their answer, sessions by whether they are accepted."""

import pytest

from pdngw_proxy.aaa_link.port import RelayAccept, RelayAnswer, RelayChallenge, RelayReject, RelayUnavailable
from pdngw_proxy.metrics import AAA_SECONDS, ATTACHING, SESSIONS, measure_round, sample
from pdngw_proxy.sessions import GatewaySession, SessionBook
from tests.pdngw_proxy.test_server import IKE, UE
from wire.secret import Secret


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        (RelayChallenge(b"eap", None), "challenge"),
        (RelayAccept(b"eap", Secret(bytes(64))), "accept"),
        (RelayReject(b"", "no"), "reject"),
        (RelayUnavailable("nobody"), "unavailable"),
    ],
)
def test_round_is_counted_by_its_answer(answer: RelayAnswer, label: str) -> None:
    before = AAA_SECONDS.value(label)
    measure_round(answer, 0.02)
    assert AAA_SECONDS.value(label) - before == 1


def test_who_is_attached_is_told_from_who_begins() -> None:
    book = SessionBook()
    for number, accepted in enumerate((True, True, False)):
        sa = bytes([number]) * 8
        book.open(GatewaySession(sa=sa, name=sa.hex(), local=IKE, peer=UE, accepted=accepted))
    sample(book)
    assert (SESSIONS.value(), ATTACHING.value()) == (2, 1)
