"""Identities of TS 23.003 §14 and RFC 4187 §4.1.1; example NAIs in the forms that the clauses give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import identity as module
from wire.identity import EapMethod, IdentityKind, Imsi, Nai, classify, permanent_nai
from wire.names import Plmn

IMSI = Imsi("234150999999999")
REALM = "nai.epc.mnc015.mcc234.3gppnetwork.org"


def test_imsi_is_its_digits() -> None:
    assert str(IMSI) == "234150999999999"
    assert Imsi("234150999999999") == IMSI


@pytest.mark.parametrize("digits", ["", "12345", "1" * 16, "23415x", "١٢٣٤٥٦", " 234150999"])
def test_imsi_refuses_other_than_6_to_15_digits(digits: str) -> None:
    with pytest.raises(ValueError, match="6 to 15 digits"):
        Imsi(digits)


@pytest.mark.parametrize(("method", "lead"), [(EapMethod.AKA, "0"), (EapMethod.SIM, "1"), (EapMethod.AKA_PRIME, "6")])
def test_permanent_nai_is_classified_as_itself(method: EapMethod, lead: str) -> None:
    nai = permanent_nai(IMSI, Plmn("234", "15"), method)
    assert nai == f"{lead}234150999999999@{REALM}"
    identity = classify(nai)
    assert (identity.kind, identity.method, identity.imsi) == (IdentityKind.PERMANENT, method, IMSI)
    assert classify(nai.encode()) == identity


@pytest.mark.parametrize(
    ("text", "kind", "method"),
    [
        ("2a3b", IdentityKind.PSEUDONYM, EapMethod.AKA),
        ("3a3b@x", IdentityKind.PSEUDONYM, EapMethod.SIM),
        ("7w8w49@x", IdentityKind.PSEUDONYM, EapMethod.AKA_PRIME),
        ("458405627015@aaa1.wlan.mnc015.mcc234.3gppnetwork.org", IdentityKind.REAUTHENTICATION, EapMethod.AKA),
        ("5abc", IdentityKind.REAUTHENTICATION, EapMethod.SIM),
        ("8af21ebd32b332c32a1be", IdentityKind.REAUTHENTICATION, EapMethod.AKA_PRIME),
    ],
)
def test_temporary_identity_is_known_by_its_first_character(text: str, kind: IdentityKind, method: EapMethod) -> None:
    identity = classify(text)
    assert (identity.kind, identity.method, identity.imsi) == (kind, method, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "012345",
        "0" + "1" * 16,
        "0abcdefg@x",
        "alice@example.org",
        "9234150999999999",
        "0234150999999999@unreachable.3gppnetwork.org",
        "0234150999999999@sos.nai.epc.mnc015.mcc234.3gppnetwork.org",
        b"\xff\xff\xff\xff",
        b"0\xff",
    ],
)
def test_identity_that_names_no_subscriber_is_other(text: str | bytes) -> None:
    identity = classify(text)
    assert (identity.kind, identity.method, identity.imsi) == (IdentityKind.OTHER, None, None)


def test_encrypted_identity_is_known_by_its_nul_alone() -> None:
    identity = classify(b"\0QUJDRA==,name=value")
    assert (identity.kind, identity.method, identity.imsi) == (IdentityKind.ENCRYPTED, None, None)
    assert classify(b"\0\xff").kind is IdentityKind.OTHER


def test_decorated_nai_names_home_and_visited_network() -> None:
    text = f"{REALM}!0234150999999999@nai.epc.mnc071.mcc610.3gppnetwork.org"
    identity = classify(text)
    assert identity.imsi == IMSI
    assert identity.nai.is_decorated
    assert identity.nai.home_realm == REALM
    assert identity.nai.realm == "nai.epc.mnc071.mcc610.3gppnetwork.org"
    assert str(identity.nai) == text


def test_nai_without_decoration_is_at_home() -> None:
    nai = Nai.of("0234150999999999@" + REALM)
    assert not nai.is_decorated
    assert nai.home_realm == nai.realm == REALM
    assert Nai.of("alice").home_realm is None


def test_special_realms_are_recognised() -> None:
    assert Nai.of("any@Unreachable.3gppnetwork.org").is_served_by_nobody
    assert Nai.of("imei350000000000001@sos.wlan.mnc015.mcc234.3gppnetwork.org").is_served_by_nobody
    assert not Nai.of("sos.x").is_served_by_nobody
    assert not Nai.of("0001010000000001@sos.example.org").is_served_by_nobody


@given(st.text())
def test_nai_of_any_text_prints_that_text(text: str) -> None:
    assert str(Nai.of(text)) == text


@given(st.one_of(st.text(), st.binary()))
def test_classification_refuses_nothing(text: str | bytes) -> None:
    assert classify(text).kind in IdentityKind


_PARTS = st.lists(
    st.one_of(st.text(max_size=3), st.sampled_from("0123456789@!.\n\0٣"), st.sampled_from(["001010000000001", REALM])),
    max_size=6,
)
_REALMS = st.sampled_from(
    ["", "@", f"@{REALM}", "@unreachable.3gppnetwork.org", "@SOS.w.3gppnetwork.org", "@a!b", "@a\nb", "@a@b"]
)


@given(
    st.one_of(
        st.builds("".join, _PARTS),
        st.builds(
            "{}{}{}".format, st.sampled_from("0123456789"), st.from_regex(r"[0-9]{4,17}", fullmatch=True), _REALMS
        ),
    )
)
def test_short_way_classifies_as_the_long_one(text: str) -> None:
    assert classify(text) == module._any_other(text)
    assert classify(text.encode(errors="replace")) == classify(text.encode(errors="replace").decode())
