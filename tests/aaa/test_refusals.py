"""The one table from what the HSS refuses to what the AAA server says."""

import pytest

from aaa.messages import RejectCause
from aaa.refusals import CAUSES, describe
from hss.api import Refusal, ServiceRefused


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_has_a_cause(refusal: Refusal) -> None:
    assert isinstance(CAUSES[refusal], RejectCause)


def test_a_cause_that_says_it_all_leaves_the_detail_alone() -> None:
    refused = ServiceRefused(Refusal.USER_UNKNOWN, "no subscriber 00101")
    assert describe(refused) == (RejectCause.USER_UNKNOWN, "no subscriber 00101")


def test_a_cause_that_says_less_is_explained() -> None:
    refused = ServiceRefused(Refusal.SCHEME_NOT_SUPPORTED)
    assert describe(refused) == (RejectCause.HSS_REFUSED, "authentication scheme not supported")


def test_the_other_server_is_named() -> None:
    refused = ServiceRefused(Refusal.REGISTERED_ELSEWHERE, "", "aaa2.example")
    assert describe(refused) == (RejectCause.REGISTERED_ELSEWHERE, "aaa2.example")
