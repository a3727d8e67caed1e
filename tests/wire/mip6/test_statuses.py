"""Status codes as an operator reads them."""

import pytest

from wire.mip6.statuses import BindingStatus, Ipv4AckStatus, is_accepted, name_of


@pytest.mark.parametrize(("status", "accepted"), [(0, True), (1, True), (127, True), (128, False), (255, False)])
def test_first_refusal_is_128(status: int, accepted: bool) -> None:
    assert is_accepted(status) is accepted


def test_known_statuses_are_on_their_own_side_of_128() -> None:
    assert [s for s in BindingStatus if is_accepted(s)] == [0, 1]
    assert [s for s in Ipv4AckStatus if is_accepted(s)] == [0]


def test_name_of_a_status_has_its_number() -> None:
    assert name_of(135) == "135 (sequence out of window)"
    assert name_of(77) == "77"
