"""The S and P bits of AT_NOTIFICATION (RFC 4187 §6.1)."""

import pytest

from wire.eap.constants import NotificationCode, comes_before_authentication, says_success


@pytest.mark.parametrize(
    ("code", "success", "before"),
    [
        (NotificationCode.GENERAL_FAILURE_AFTER_AUTHENTICATION, False, False),
        (NotificationCode.TEMPORARILY_DENIED, False, False),
        (NotificationCode.NOT_SUBSCRIBED, False, False),
        (NotificationCode.GENERAL_FAILURE, False, True),
        (NotificationCode.SUCCESS, True, False),
    ],
)
def test_bits_of_a_notification_are_read(code: NotificationCode, success: bool, before: bool) -> None:
    assert (says_success(code), comes_before_authentication(code)) == (success, before)
