"""Candidates for what a UE derived its keys from: each once, without the agreed one, and named without being shown."""

from aaa.eap.states import IdentityRequested, MethodProposed
from aaa.explaining.failed import Ending, FailedAttempt
from aaa.explaining.identities import candidates, seen
from aaa.messages import AccessRequest, Client, RejectCause
from aaa.sessions import Conversation
from tests.aaa.eap.dialogue import identity_response as at_identity
from tests.aaa.explaining.erring import AKA, IDENTITIES, PRIME
from tests.aaa.explaining.test_failed import LOST
from tests.aaa.memory_hss import IMSI, REALM
from wire.eap.packet import identity_request, identity_response

AGREED = IDENTITIES[AKA]


def attempt(*dialogue: bytes, user_name: str | None = None, proposed: bool = False) -> FailedAttempt:
    eap = MethodProposed(b"said", LOST) if proposed else IdentityRequested(1)
    conversation = Conversation("radius/ap", eap, 0.0, dialogue=dialogue)
    request = AccessRequest(Client("ap"), b"", user_name=user_name)
    return FailedAttempt(Ending(RejectCause.CLIENT_ERROR), conversation, request, b"", 0.0)


def test_identities_of_the_dialogue_are_seen_in_both_forms() -> None:
    packets = identity_response(1, b"first"), identity_request(2), at_identity(AKA, 2, b"second"), b"\x02\x01"
    assert [one.octets for one in seen(attempt(*packets, user_name="outer"))] == [b"outer", b"first", b"second"]
    assert [one.octets for one in seen(attempt(proposed=True))] == [b"said"]


def test_candidates_are_without_doubles_and_without_the_agreed_one() -> None:
    found = candidates(attempt(identity_response(1, AGREED), user_name="outer"), AGREED, IMSI, AKA)
    octets = [one.octets for one in found]
    assert octets[0] == b"outer"
    assert AGREED not in octets
    assert len(set(octets)) == len(octets) <= 20
    assert not any(str(IMSI) in one.name for one in found)


def test_forms_know_both_realms_of_a_network_and_both_prefixes() -> None:
    octets = {one.octets for one in candidates(attempt(), AGREED, IMSI, AKA)}
    wlan = REALM.replace("nai.epc.", "wlan.")
    assert {f"0{IMSI}@{wlan}".encode(), f"6{IMSI}@{REALM}".encode(), f"0{IMSI}".encode()} <= octets
    other = {one.octets for one in candidates(attempt(), f"6{IMSI}@{wlan}".encode(), IMSI, PRIME)}
    assert f"6{IMSI}@{REALM}".encode() in other
    bare = {one.octets for one in candidates(attempt(), f"0{IMSI}".encode(), IMSI, AKA)}
    assert all(b"@" not in one for one in bare)
