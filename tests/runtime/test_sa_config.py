"""How long SAs live, as a section says it."""

import pytest
from pydantic import ValidationError

from runtime.sa_config import SaConfig
from wire.ikev2.upkeep.states import Lifetimes


def test_nothing_said_is_what_the_machine_does_by_itself() -> None:
    assert SaConfig().lifetimes == Lifetimes()


def test_zero_is_for_ever() -> None:
    assert SaConfig(ike_lifetime=0, child_lifetime=0).lifetimes == Lifetimes(ike=None, child=None)


def test_fragments_have_room_for_the_headers_around_them() -> None:
    """RFC 7383 §2.5.1: 1,280 octets of IPv6 are what every path carries."""
    assert SaConfig().fragment_octets == 1228
    assert SaConfig(fragment_size=0).fragment_octets is None
    assert SaConfig(fragment_size=1).fragment_octets == 128


def test_no_life_is_negative() -> None:
    with pytest.raises(ValidationError, match="ike_lifetime"):
        SaConfig(ike_lifetime=-1)
