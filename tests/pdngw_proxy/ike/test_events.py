"""Events and effects of the responder."""

from dataclasses import FrozenInstanceError

import pytest

from pdngw_proxy.ike import events
from tests.ike_link import GATEWAY, UE


def test_every_name_of_the_module_is_offered() -> None:
    defined = {
        name for name, found in vars(events).items() if isinstance(found, type) and found.__module__ == events.__name__
    }
    assert defined <= set(events.__all__)


def test_events_cannot_be_changed() -> None:
    arrived = events.DatagramArrived(b"", UE, GATEWAY)
    with pytest.raises(FrozenInstanceError):
        arrived.octets = b"x"  # type: ignore[misc]
