from dataclasses import replace

import pytest

from tests.wire.diameter.samples import S6B_AAR, S6B_DEA, S6B_DER, numbered
from wire.diameter.authorization import AaRequest
from wire.diameter.message import Message
from wire.diameter.redirects import RedirectCache, RedirectHostUsage, Redirection, host_of, redirection_of
from wire.diameter.s6b import S6bEapRequest
from wire.diameter.values import make

REQUEST = numbered(S6B_DER.message())


def redirecting(*uris: str, usage: int | None = None, seconds: int | None = None) -> Message:
    answer = replace(S6B_DEA, result_code=3006, redirect_hosts=uris).message(REQUEST)
    more = [] if usage is None else [make("Redirect-Host-Usage", usage)]
    more += [] if seconds is None else [make("Redirect-Max-Cache-Time", seconds)]
    return Message.parse(answer.with_avps((*answer.avps, *more)).build())


URIS = [
    (b"aaa://host.example.com", "host.example.com"),
    (b"aaa://Host.example.com:6666;transport=tcp;protocol=diameter", "host.example.com"),
    (b"aaas://host.example.com:5658;transport=tcp", "host.example.com"),
    (b"http://host.example.com", None),
    (b"aaa://", None),
    (b"aaa://host.example.com:port", None),
    (b"aaa://host.example.com\n", None),
    (b"\xff\xff", None),
]


@pytest.mark.parametrize(("uri", "host"), URIS)
def test_uris_are_those_of_rfc_6733_section_4_3_1(uri: bytes, host: str | None) -> None:
    assert host_of(uri) == host


def test_a_redirection_is_for_one_request_unless_it_says_more() -> None:
    assert redirection_of(redirecting("aaa://one", "junk", "aaa://two")) == Redirection(("one", "two"))
    assert redirection_of(redirecting("aaa://one", usage=1)) == Redirection(("one",))
    assert redirection_of(redirecting("aaa://one", usage=9, seconds=60)) == Redirection(("one",))
    kept = redirection_of(redirecting("aaa://one", usage=1, seconds=60))
    assert kept == Redirection(("one",), RedirectHostUsage.ALL_SESSION, 60)


def test_what_can_be_kept_is_limited() -> None:
    many = redirection_of(redirecting(*(f"aaa://host{number}" for number in range(50)), usage=2, seconds=10**6))
    assert many is not None
    assert (len(many.hosts), many.seconds) == (8, 3600)


def test_no_other_answer_redirects() -> None:
    assert redirection_of(S6B_DEA.message(REQUEST)) is None
    assert redirection_of(redirecting()) is None
    assert redirection_of(redirecting("junk")) is None


OTHER_SESSION = replace(S6B_DER, session_id="another")
USAGES = [
    (RedirectHostUsage.ALL_SESSION, S6B_DER, True),
    (RedirectHostUsage.ALL_SESSION, OTHER_SESSION, False),
    (RedirectHostUsage.ALL_USER, OTHER_SESSION, True),
    (RedirectHostUsage.ALL_USER, replace(S6B_DER, user_name="another"), False),
    (RedirectHostUsage.ALL_REALM, OTHER_SESSION, True),
    (RedirectHostUsage.ALL_REALM, replace(S6B_DER, destination_realm="another"), False),
    (RedirectHostUsage.REALM_AND_APPLICATION, S6B_AAR, True),
    (RedirectHostUsage.REALM_AND_APPLICATION, replace(S6B_AAR, auth_application_id=5), False),
    (RedirectHostUsage.ALL_APPLICATION, replace(S6B_DER, destination_realm="another"), True),
    (RedirectHostUsage.ALL_HOST, OTHER_SESSION, True),
    (RedirectHostUsage.ALL_HOST, replace(S6B_DER, destination_host="another"), False),
    (RedirectHostUsage.DONT_CACHE, S6B_DER, False),
]


@pytest.mark.parametrize(("usage", "asked", "found"), USAGES)
def test_a_redirection_holds_for_what_its_usage_says(
    usage: RedirectHostUsage, asked: S6bEapRequest | AaRequest, found: bool
) -> None:
    cache = RedirectCache()
    cache.note(REQUEST, Redirection(("one",), usage, 60), 0.0)
    assert cache.find(asked.message(), 59.0) == (("one",) if found else ())
    assert cache.find(asked.message(), 60.0) == ()


def test_the_narrower_redirection_counts() -> None:
    cache = RedirectCache()
    cache.note(REQUEST, Redirection(("realm",), RedirectHostUsage.ALL_REALM, 60), 0.0)
    cache.note(REQUEST, Redirection(("session",), RedirectHostUsage.ALL_SESSION, 30), 0.0)
    assert [cache.find(REQUEST, now) for now in (0.0, 45.0)] == [("session",), ("realm",)]


def test_no_more_is_kept_than_allowed() -> None:
    cache = RedirectCache(limit=2)
    for name in ("one", "two", "three"):
        session = replace(S6B_DER, session_id=name).message()
        cache.note(session, Redirection((name,), RedirectHostUsage.ALL_SESSION, 60), 0.0)
    found = [cache.find(replace(S6B_DER, session_id=name).message(), 0.0) for name in ("one", "two", "three")]
    assert found == [(), ("two",), ("three",)]
