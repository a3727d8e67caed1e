from runtime.diameter.settings import DiameterUnavailable, Limits


def test_unavailability_carries_its_cause() -> None:
    error = DiameterUnavailable("aaa is not connected: refused")
    assert error.cause == str(error) == "aaa is not connected: refused"


def test_every_limit_is_a_limit() -> None:
    limits = Limits()
    assert limits.message_before_cer < limits.message
    assert all(getattr(limits, name) > 0 for name in Limits.__slots__)
