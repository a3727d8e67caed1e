"""A pattern says of its records what each says of itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.samples import ANSWERS, EAP_DEA, IDENTITY, MSK, S6B_DEA
from wire.diameter.avp import Avp
from wire.diameter.command import Answer
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.patterns import Pattern
from wire.errors import EncodeError
from wire.secret import Secret

DIFFERING = ("session_id", "user_name", "eap_payload", "eap_master_session_key", "session_timeout", "states")


@given(
    st.sampled_from([EAP_DEA, S6B_DEA]),
    st.text(max_size=9),
    st.none() | st.text(max_size=9),
    st.none() | st.binary(max_size=9),
    st.none() | st.binary(max_size=9),
    st.none() | st.integers(0, 9),
    st.none() | st.binary(max_size=9),
)
def test_pattern_says_what_the_record_says(
    like: DiameterEapAnswer,
    session: str,
    user: str | None,
    eap: bytes | None,
    key: bytes | None,
    timeout: int | None,
    state: bytes | None,
) -> None:
    msk = None if key is None else Secret(key)
    record = replace(
        like,
        session_id=session,
        user_name=user,
        eap_payload=eap,
        eap_master_session_key=msk,
        session_timeout=timeout,
        states=() if state is None else (state,),
    )
    assert Pattern(like, *DIFFERING).octets(session, user, eap, msk, timeout, state) == record.octets()


@pytest.mark.parametrize("answer", [answer for answer, _ in ANSWERS])
def test_pattern_in_which_nothing_differs_is_the_record(answer: Answer) -> None:
    assert Pattern(replace(answer, extra=())).octets() == replace(answer, extra=()).octets()


@pytest.mark.parametrize("differing", [("user_name", "session_id"), ("session_id", "no_such_field")])
def test_fields_are_named_in_the_order_of_their_avps(differing: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=differing[1]):
        Pattern(EAP_DEA, *differing)


def test_pattern_has_what_no_field_names_at_its_end() -> None:
    like = replace(EAP_DEA, extra=(Avp(9, 65001, 0x80, b"more"),))
    assert Pattern(like, "session_id").octets(EAP_DEA.session_id) == like.octets()


def test_value_that_cannot_be_encoded_is_refused() -> None:
    pattern = Pattern(EAP_DEA, "user_name", "eap_payload")
    assert pattern.octets(IDENTITY, MSK)
    for user_name, eap in ((7, b""), ("\ud800", b""), ("a", "text"), ("a", bytes(1 << 24))):
        with pytest.raises(EncodeError):
            pattern.octets(user_name, eap)
