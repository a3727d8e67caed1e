"""What is kept of an accepted authentication."""

from dataclasses import replace
from datetime import UTC, datetime

from aaa.radius.duplicates import DuplicateCache
from aaa.radius.front import RadiusFront, Serve
from aaa.radius.grants import to_grant
from hss.session_api import Grant
from tests.aaa.radius.samples import SESSION_ID, SOURCE, accept, asked, table
from wire.radius.packet import Attribute

MOMENT = datetime(2027, 1, 2, tzinfo=UTC)


def serving(*attributes: Attribute) -> Serve:
    decision = RadiusFront(table(), random=bytes, duplicates=DuplicateCache()).receive(asked(*attributes), SOURCE, 0.0)
    assert isinstance(decision, Serve)
    return decision


def test_grant_says_who_where_and_under_which_class() -> None:
    named = serving(Attribute.of("NAS-Identifier", "ap1"), Attribute.of("Calling-Station-Id", "00-10"))
    answer = replace(accept(), profile=replace(accept().profile, session_timeout=600))
    assert to_grant(named, replace(answer, session="688ad9ec78cee1"), MOMENT) == Grant(
        b"688ad9ec78cee1" + SESSION_ID,
        answer.imsi,
        answer.user_name,
        "AKA",
        "lab",
        "ap1",
        MOMENT,
        "internet",
        "00-10",
        600,
    )


def test_grant_without_apn_or_nas_names_the_source() -> None:
    grant = to_grant(serving(), accept(apn=None), MOMENT)
    assert grant is not None
    assert (grant.nas, grant.apn, grant.calling_station) == (SOURCE[0], None, None)


def test_answer_without_class_has_no_grant() -> None:
    assert to_grant(serving(), replace(accept(), session_id=b""), MOMENT) is None
