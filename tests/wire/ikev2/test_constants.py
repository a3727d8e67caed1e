"""Numbers of the registry and their names."""

import pytest

from wire.ikev2 import constants


@pytest.mark.parametrize(
    ("number", "name"), [(17, "INVALID_KE_PAYLOAD"), (42, "USE_ASSIGNED_HOA"), (16431, "SIGNATURE_HASH_ALGORITHMS")]
)
def test_names_are_the_registrys(number: int, name: str) -> None:
    assert constants.name_of(constants.NotifyType, number) == name


def test_unknown_numbers_stay_printable() -> None:
    assert constants.name_of(constants.ExchangeType, 99) == "99"


def test_errors_and_status_keep_their_sides() -> None:
    status = {number for number in constants.NotifyType if number >= constants.FIRST_STATUS_NOTIFY}
    assert min(status) == constants.NotifyType.INITIAL_CONTACT
    # RFC 7296 §3.10.1: from 8192 on errors are of private use, as those of TS 24.302 §8.1.2.2
    errors = {one for one in set(constants.NotifyType) - status if one < 8192}
    assert max(errors) == constants.NotifyType.CHILD_SA_NOT_FOUND
