"""Events and effects of the initiator."""

from dataclasses import FrozenInstanceError

import pytest

from ue_sim.ike import events
from wire.secret import Secret


def test_every_name_of_the_module_is_offered() -> None:
    defined = {
        name for name, found in vars(events).items() if isinstance(found, type) and found.__module__ == events.__name__
    }
    assert defined <= set(events.__all__)


def test_events_cannot_be_changed_and_show_no_key() -> None:
    derived = events.KeysDerived(Secret(b"msk" * 20))
    assert "msk*" not in repr(derived)
    assert "secret of 60 octets" in repr(derived)
    with pytest.raises(FrozenInstanceError):
        derived.msk = Secret(b"")  # type: ignore[misc]
