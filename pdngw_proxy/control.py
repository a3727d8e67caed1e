"""What an operator may ask of a PDN GW that serves, and who does it (runtime.control_socket)."""

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, assert_never

from pydantic import AfterValidator, Field, TypeAdapter

from pdngw_proxy.aaa_link.records import SessionRecord
from runtime.config import Section
from runtime.control_socket import Answer, parse
from wire.ikev2.redirect import GatewayIdentity

PER_SECOND = 20.0
MOST_PER_SECOND = 1000.0
MOST_SESSIONS = 100_000


def _gateway(text: str) -> str:
    GatewayIdentity.of(text)
    return text


class Status(Section):
    """Tell how many sessions there are, and whether they are being sent away."""

    do: Literal["status"] = "status"


class Sessions(Section):
    """Tell of each session whose it is, where, and what it has carried; the oldest first, `limit` at most."""

    do: Literal["sessions"] = "sessions"
    limit: int = Field(default=100, ge=1, le=MOST_SESSIONS)


class Drain(Section):
    """Send UEs to another gateway, `to` or as [pdngw] drain_to says, so many in a second, and take no new ones."""

    do: Literal["drain"] = "drain"
    to: Annotated[str, AfterValidator(_gateway)] | None = None
    per_second: float = Field(default=PER_SECOND, gt=0, le=MOST_PER_SECOND)


class Undrain(Section):
    """Send nobody away any more, and take new UEs."""

    do: Literal["undrain"] = "undrain"


Wish = Status | Sessions | Drain | Undrain

WISHES: TypeAdapter[Wish] = TypeAdapter(Annotated[Wish, Field(discriminator="do")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Sessions that there are; `to` is where UEs are sent, None where they are not.

    `redirected` of them were sent since that began, and `unable` ones know no REDIRECT.
    """

    sessions: int
    to: str | None = None
    redirected: int = 0
    unable: int = 0


class LiveGateway(Protocol):
    """What is asked of pdngw_proxy.server.GatewayShell."""

    @property
    def drain_to(self) -> GatewayIdentity | None: ...

    @property
    def load(self) -> Load: ...

    def records(self, limit: int) -> list[SessionRecord]: ...

    def begin_drain(self, to: GatewayIdentity, per_second: float) -> None: ...

    def cancel_drain(self) -> None: ...


class Operator:
    """Fulfils the wishes of one gateway."""

    def __init__(self, gateway: LiveGateway) -> None:
        self._gateway = gateway

    async def answer(self, line: bytes) -> Answer:
        """Do what a line asks, and tell how things are then; WishRefused says what is wrong with the line."""
        wish = parse(line, WISHES)
        match wish:
            case Status():
                pass
            case Sessions(limit=limit):
                rows = tuple(map(_row, self._gateway.records(limit)))
                outcome = f"{len(rows)} of {self._gateway.load.sessions} sessions"
                return Answer(ok=True, outcome=outcome, rows=rows)
            case Drain(to=to, per_second=per_second):
                away = self._gateway.drain_to if to is None else GatewayIdentity.of(to)
                if away is None:
                    why = "there is no gateway to send UEs to: name one by --to, or as drain_to in [pdngw]"
                    return Answer(ok=False, outcome=why)
                self._gateway.begin_drain(away, per_second)
            case Undrain():
                self._gateway.cancel_drain()
            case _:
                assert_never(wish)
        return _told(self._gateway.load)


def _row(record: SessionRecord) -> dict[str, str]:
    used = record.usage
    told = {
        "session": record.session,
        "user": record.user_name or record.identity,
        "apn": record.apn,
        "home_address": record.home_address,
        "ipv4_home_address": record.ipv4_home_address,
        "care_of": record.care_of,
        "seconds": record.seconds,
        "octets_in": used.octets_in,
        "octets_out": used.octets_out,
        "packets_in": used.packets_in,
        "packets_out": used.packets_out,
    }
    return {name: str(value) for name, value in told.items() if value is not None}


def _told(load: Load) -> Answer:
    sessions = {"sessions": str(load.sessions)}
    if load.to is None:
        return Answer(ok=True, outcome="serving", facts=sessions)
    sent = {"to": load.to, "redirected": str(load.redirected), "unable": str(load.unable)}
    return Answer(ok=True, outcome="draining", facts=sessions | sent)
