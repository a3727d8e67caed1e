"""What a policy sees of a MAR, a SAR and an AIR."""

from dataclasses import replace

import pytest

from hss.policy.asking import asked
from hss.policy.rules import Asked
from tests.wire.diameter.samples import AIR, MAR, REALM, SAR, STR
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.dictionary import by_name
from wire.diameter.message import Message
from wire.diameter.s6a import RequestedAuthenticationInfo

IMSI = "001010000000001"


def test_mar_asks_for_its_vectors() -> None:
    message = replace(MAR, number_auth_items=3, origin_realm="Visited.Example").message()
    assert asked(message) == Asked(Application.SWX, frozenset({"visited.example"}), IMSI, 3)


def test_no_more_is_counted_than_is_given() -> None:
    assert asked(replace(MAR, number_auth_items=4_000_000_000).message()).vectors == 5


def test_realm_of_an_nai_is_seen_beside_the_origin() -> None:
    seen = asked(replace(MAR, user_name=f"0{IMSI}@nai.Elsewhere.example").message())
    assert seen.realms == {REALM, "nai.elsewhere.example"}
    assert seen.imsi == IMSI


def test_sar_asks_for_no_vector() -> None:
    assert asked(SAR.message()) == Asked(Application.SWX, frozenset({REALM}), IMSI, 0)


def test_air_asks_for_vectors_of_both_kinds() -> None:
    assert asked(AIR.message()) == Asked(Application.S6A, frozenset({REALM}), IMSI, 3)
    many = RequestedAuthenticationInfo(number_of_requested_vectors=99)
    assert asked(replace(AIR, requested_eutran=many, requested_utran_geran=many).message()).vectors == 10
    one = replace(AIR, requested_eutran=RequestedAuthenticationInfo(), requested_utran_geran=None)
    assert asked(one.message()).vectors == 1


def without(message: Message, name: str) -> Message:
    return message.with_avps(avp for avp in message.avps if avp.code != by_name(name).code)


def test_what_is_missing_is_not_made_up() -> None:
    assert asked(without(MAR.message(), "User-Name")).imsi is None
    assert asked(without(MAR.message(), "SIP-Number-Auth-Items")).vectors == 1
    assert asked(without(AIR.message(), "Visited-PLMN-Id")).vectors == 0
    assert asked(replace(MAR, user_name="somebody").message()).imsi is None
    assert asked(STR.message()).vectors == 0


def test_what_cannot_be_read_is_said() -> None:
    message = MAR.message()
    number = by_name("SIP-Number-Auth-Items").code
    broken = message.with_avps(replace(avp, data=b"?") if avp.code == number else avp for avp in message.avps)
    with pytest.raises(AvpFault):
        asked(broken)
