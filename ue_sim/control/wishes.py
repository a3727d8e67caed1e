"""What may be asked of a UE that stays attached (runtime.control_socket)."""

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from runtime.config import Section

PINGS = 5
MOST_PINGS = 1000


class Status(Section):
    """Tell where the UE is and what it was given."""

    do: Literal["status"] = "status"


class Ping(Section):
    """Send echo requests through the tunnel, to the home agent unless an address is named."""

    do: Literal["ping"] = "ping"
    to: IPv4Address | IPv6Address | None = None
    count: int = Field(default=PINGS, ge=1, le=MOST_PINGS)


class Move(Section):
    """Be at another address of the machine from now on (RFC 5555 §4.4)."""

    do: Literal["move"] = "move"
    address: IPv4Address | IPv6Address


class Reattach(Section):
    """Detach, and attach again by the identities that the network gave."""

    do: Literal["reattach"] = "reattach"


class Reauthenticate(Section):
    """Prove anew who the UE is, by another IKE SA for the same Home Address and binding (RFC 7296 §2.8.3)."""

    do: Literal["reauthenticate"] = "reauthenticate"
    way: Literal["make-before-break", "break-before-make"] | None = None


class Rekey(Section):
    """Replace the IKE SA, or its Child SAs, by new keys (RFC 7296 §2.8)."""

    do: Literal["rekey"] = "rekey"
    what: Literal["ike", "child"]


class Probe(Section):
    """Ask whether the gateway is there (RFC 7296 §2.4)."""

    do: Literal["probe"] = "probe"


class Detach(Section):
    """Give everything up; the process ends with it."""

    do: Literal["detach"] = "detach"


Wish = Status | Ping | Move | Reattach | Reauthenticate | Rekey | Probe | Detach

WISHES: TypeAdapter[Wish] = TypeAdapter(Annotated[Wish, Field(discriminator="do")])
