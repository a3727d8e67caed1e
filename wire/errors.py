"""What a codec raises: where in the octets, and why."""


class DecodeError(ValueError):
    """Octets from outside that a codec refuses.

    `offset` counts octets from the start of what the outermost parser was given; `reason` says what was wrong
    without repeating the octets, so that it may be logged.
    """

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"at octet {offset}: {reason}")
        self.offset = offset
        self.reason = reason


class EncodeError(ValueError):
    """A value that its own format cannot carry: a fault of the caller, never of the peer."""


class ProtocolViolation(Exception):
    """A well-formed message that the peer had no right to send now; `reason` is one line for an operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
