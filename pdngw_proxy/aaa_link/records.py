"""What accounting is told of a session: that it began, goes on or has ended, and what it has carried (RFC 2866)."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address


class Moment(Enum):
    """When in a session's life."""

    START = "start"
    INTERIM = "interim"
    STOP = "stop"


class EndedBy(Enum):
    """Who or what has ended a session."""

    UE = "the UE deleted it"
    SILENCE = "the UE does not answer"
    TIMEOUT = "the time that the AAA server gave it is over"
    AAA = "the AAA server ended it"
    GATEWAY = "the gateway stops"
    ANOTHER = "the subscriber attached again"
    FAULT = "something went wrong"
    UNUSED = "it could not begin"


@dataclass(frozen=True, slots=True)
class Usage:
    """Octets and packets of the inner protocol; `in` is from the UE, `out` to it (RFC 2866 §5.3, §5.4)."""

    octets_in: int = 0
    octets_out: int = 0
    packets_in: int = 0
    packets_out: int = 0


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One accounting record; `seconds` is the session's age, `ended_by` is there at its STOP alone.

    `ipv4_home_address` is what the UE has or had beside the other one, None until it is given one.
    """

    session: str
    moment: Moment
    identity: str
    user_name: str | None
    apn: str | None
    home_address: IPv6Address | None
    care_of: IPv4Address | IPv6Address
    seconds: int
    usage: Usage
    ended_by: EndedBy | None = None
    ipv4_home_address: IPv4Address | None = None
