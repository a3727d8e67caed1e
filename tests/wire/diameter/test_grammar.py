import pytest

from wire.diameter.avp import Avp, AvpFault
from wire.diameter.dictionary import by_name
from wire.diameter.grammar import DEEPEST_GROUP, Rule, check, grammar
from wire.diameter.groups import GROUPS
from wire.diameter.results import ResultCode
from wire.diameter.values import make

RULES = grammar("< Session-Id > { Auth-Request-Type } [ User-Name ] *2 [ Host-IP-Address ] 1* { Vendor-Id } * [ AVP ]")
GOOD = (make("Session-Id", "s"), make("Auth-Request-Type", 3), make("Vendor-Id", 0))


def fault(*avps: Avp) -> AvpFault:
    with pytest.raises(AvpFault) as caught:
        check(RULES, avps, groups=GROUPS)
    return caught.value


def test_a_format_is_read_in_the_notation_of_rfc_6733_section_3_2() -> None:
    rules = {rule.definition.name: (rule.needed, rule.most) for rule in RULES.values()}
    assert rules == {
        "Session-Id": (True, 1),
        "Auth-Request-Type": (True, 1),
        "User-Name": (False, 1),
        "Host-IP-Address": (False, 2),
        "Vendor-Id": (True, None),
    }
    assert grammar("0*1 < Session-Id >")[263, 0] == Rule(by_name("Session-Id"), needed=False, most=1)


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule"):
        grammar("{ Session-Id")


def test_a_format_that_wants_an_avp_twice_is_none_of_ours() -> None:
    with pytest.raises(ValueError, match="2 times"):
        grammar("2* { Vendor-Id }")


def test_avps_by_code_need_not_be_found_again() -> None:
    firsts = {(avp.code, avp.vendor): avp for avp in GOOD}
    check(RULES, GOOD, groups=GROUPS, firsts=firsts)
    twice = (*GOOD, make("Session-Id", "t"))
    with pytest.raises(AvpFault, match="comes more than 1 times"):
        check(RULES, twice, groups=GROUPS, firsts=firsts)


def test_a_good_message_passes() -> None:
    check(RULES, GOOD, groups=GROUPS)
    check(RULES, (*GOOD, Avp(99, 65001, 0x80, b"?")), groups=GROUPS)


def test_an_avp_known_elsewhere_may_come_where_it_is_not_named() -> None:
    check(RULES, (*GOOD, make("Origin-State-Id", 1)), groups=GROUPS)


def test_an_unknown_mandatory_avp_is_5001_with_it() -> None:
    stranger = Avp(99, 65001, 0xC0, b"?")
    found = fault(*GOOD, stranger)
    assert (found.result, found.failed) == (ResultCode.AVP_UNSUPPORTED, (stranger,))


def test_a_missing_avp_is_5005_with_a_zero_filled_example() -> None:
    found = fault(GOOD[0], GOOD[2])
    assert (found.result, found.failed) == (ResultCode.MISSING_AVP, (Avp(274, 0, 0x40, bytes(4)),))


def test_one_too_many_is_5009_with_the_first_beyond() -> None:
    second = make("Session-Id", "t")
    found = fault(*GOOD, second)
    assert (found.result, found.failed) == (ResultCode.AVP_OCCURS_TOO_MANY_TIMES, (second,))


def test_a_wrong_length_is_5014() -> None:
    wrong = Avp(266, 0, 0x40, bytes(3))
    found = fault(*GOOD[:2], wrong)
    assert (found.result, found.failed) == (ResultCode.INVALID_AVP_LENGTH, (wrong,))


def test_text_that_is_not_utf8_is_5004() -> None:
    assert fault(*GOOD, Avp(1, 0, 0x40, b"\xff")).result is ResultCode.INVALID_AVP_VALUE


def test_a_value_outside_a_closed_enumeration_is_5004() -> None:
    found = fault(GOOD[0], make("Auth-Request-Type", 9), GOOD[2])
    assert (found.result, found.failed) == (ResultCode.INVALID_AVP_VALUE, (make("Auth-Request-Type", 9),))


@pytest.mark.parametrize("code", [1, 99999])
def test_the_v_bit_with_vendor_zero_is_3009(code: int) -> None:
    assert fault(*GOOD, Avp(code, 0, 0x80, b"")).result is ResultCode.INVALID_AVP_BITS


def test_a_group_is_checked_by_its_own_grammar() -> None:
    found = fault(*GOOD, make("AMBR", (make("Max-Requested-Bandwidth-UL", 1),)))
    assert found.result is ResultCode.MISSING_AVP
    assert found.failed == (Avp(515, 10415, 0xC0, bytes(4)),)


def test_a_group_that_may_be_ignored_may_hold_strangers() -> None:
    stranger = Avp(99, 65001, 0xC0, b"?")
    check(RULES, (*GOOD, Avp(486, 0, 0x00, stranger.build())), groups=GROUPS)
    assert fault(*GOOD, Avp(486, 0, 0x40, stranger.build())).result is ResultCode.AVP_UNSUPPORTED


def test_groups_nested_too_deeply_are_refused() -> None:
    nested = make("Proxy-State", b"")
    for _ in range(DEEPEST_GROUP + 2):
        nested = make("MIP6-Agent-Info", (nested,))
    assert fault(*GOOD, nested).result is ResultCode.INVALID_AVP_VALUE


def test_what_a_failed_avp_holds_is_not_checked() -> None:
    check(RULES, (*GOOD, Avp(279, 0, 0x40, b"\x00\x00\x00\x01\x40\x00\x00\x00")), groups=GROUPS)
