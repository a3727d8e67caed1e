"""Error-Cause in words."""

import pytest

from wire.radius.error_cause import ErrorCause, error_cause_of, error_cause_text
from wire.radius.packet import Attribute, RadiusPacket


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (503, "session context not found (503)"),
        (508, "multiple session selection unsupported (508)"),
        (999, "Error-Cause 999"),
        (None, "no Error-Cause"),
    ],
)
def test_cause_has_words(number: int | None, text: str) -> None:
    assert error_cause_text(number) == text


@pytest.mark.parametrize(
    ("attributes", "number"),
    [((Attribute.of("Error-Cause", ErrorCause.INVALID_REQUEST),), 404), ((Attribute(101, b"x"),), None), ((), None)],
)
def test_cause_is_read_or_is_not_there(attributes: tuple[Attribute, ...], number: int | None) -> None:
    assert error_cause_of(RadiusPacket(42, 1, bytes(16), attributes)) == number
