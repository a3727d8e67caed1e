"""What fronts and service hand each other: values that nobody changes and that show no key."""

from dataclasses import replace

import pytest

from aaa.messages import Accept, AccessRequest, Challenge, Client, RejectCause
from hss.api import ApnProfile, Profile
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

IMSI = Imsi("001010000000001")
MSK = Secret(bytes(range(64)))
INTERNET = ApnProfile(1, "internet")
ACCEPT = Accept(
    eap=b"\x03\x07\x00\x04",
    msk=MSK,
    session_id=b"\x17" + bytes(32),
    method=EapMethod.AKA,
    imsi=IMSI,
    user_name="0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org",
    profile=Profile(IMSI, (INTERNET,)),
    apn=INTERNET,
)


@pytest.mark.parametrize("shown", [repr(ACCEPT), str(ACCEPT), f"{ACCEPT}", repr([replace(ACCEPT, apn=None)])])
def test_accept_never_shows_the_msk(shown: str) -> None:
    assert "<secret of 64 octets>" in shown
    assert MSK.hex() not in shown
    assert repr(bytes(MSK))[2:20] not in shown


def test_accept_keeps_the_msk_a_secret_when_it_is_copied() -> None:
    assert type(replace(ACCEPT, state=b"s").msk) is Secret


def test_first_round_brings_no_state_and_names_no_apn() -> None:
    first = AccessRequest(client=Client("lab"), eap=b"")
    assert (first.state, first.apn, first.user_name) == (None, None, None)


def test_client_without_a_network_name_is_offered_eap_aka_alone() -> None:
    assert Client("lab").network_name is None


def test_challenge_leaves_the_ue_time_to_answer() -> None:
    assert Challenge(b"", b"").timeout == 30


def test_causes_have_different_texts_for_the_log() -> None:
    assert len({cause.value for cause in RejectCause}) == len(RejectCause)
