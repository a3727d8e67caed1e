"""What the HSS promises to whoever asks it: which APN a name means, and refusals that say why."""

from enum import Enum

import pytest

from hss.api import ApnProfile, Assignment, PdnType, Profile, Refusal, ServiceRefused
from wire.identity import Imsi

INTERNET = ApnProfile(1, "internet")
IMS = ApnProfile(2, "IMS")
ANY = ApnProfile(3, "*")
IMSI = Imsi("001010000000001")


def profile(*apns: ApnProfile, default: int | None = None) -> Profile:
    return Profile(IMSI, apns, default)


def test_no_name_means_the_default_apn() -> None:
    assert profile(INTERNET, IMS, default=2).apn(None) is IMS


@pytest.mark.parametrize("default", [None, 9])
def test_no_name_means_nothing_without_a_default(default: int | None) -> None:
    # the wildcard says which names may be used, not which one is meant
    assert profile(INTERNET, ANY, default=default).apn(None) is None


@pytest.mark.parametrize("name", ["ims", "IMS", "Ims"])
def test_an_apn_is_found_in_any_case(name: str) -> None:
    assert profile(INTERNET, IMS, default=1).apn(name) is IMS


def test_a_listed_apn_goes_before_the_wildcard() -> None:
    assert profile(ANY, INTERNET).apn("internet") is INTERNET


def test_an_unlisted_apn_is_the_wildcard_and_never_the_default() -> None:
    assert profile(INTERNET, ANY, default=1).apn("corporate") is ANY
    assert profile(INTERNET, IMS, default=1).apn("corporate") is None


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (ServiceRefused(Refusal.USER_UNKNOWN), "user unknown"),
        (ServiceRefused(Refusal.UNAVAILABLE, "no answer in 5 s"), "the HSS does not answer: no answer in 5 s"),
    ],
)
def test_refusal_says_why_in_one_line(refused: ServiceRefused, said: str) -> None:
    assert str(refused) == said


def test_refusals_have_different_texts() -> None:
    assert len({refusal.value for refusal in Refusal}) == len(Refusal)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (PdnType, {0, 1, 2, 3}),  # TS 29.272 §7.3.62
        (Assignment, {1, 5, 8, 9, 10, 12, 13, 14}),  # TS 29.229 §6.3.15, TS 29.273 §8.2.3.3
    ],
)
def test_wire_numbers_are_the_specification_s(kind: type[Enum], numbers: set[int]) -> None:
    assert {member.value for member in kind} == numbers
