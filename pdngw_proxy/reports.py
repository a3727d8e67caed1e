"""What the gateway's log lines say of a session and of what happens in it."""

from typing import assert_never

from pdngw_proxy.gateway_events import Level, Report
from pdngw_proxy.home_link import AddressContested, AddressTaken
from pdngw_proxy.ike import events as ike
from pdngw_proxy.mobility import Dropped, Refused
from pdngw_proxy.sessions import GatewaySession
from wire.ikev2.nat import Endpoint


def dropped(cause: str, source: Endpoint, clause: str = "") -> Report:
    """A datagram that nobody can do anything with; `clause` where it was one of Mobile IPv6."""
    details = {"cause": cause, "source": str(source)}
    return Report(Level.WARNING, "datagram dropped", details, by_stranger=True, clause=clause)


def of_mobility(effect: Dropped | Refused) -> Report:
    """A Mobility Header that was dropped, or a Binding Update that was refused; any UE can send many of them."""
    match effect:
        case Dropped(clause, cause):
            details = {"cause": cause, "clause": clause.value}
            return Report(Level.WARNING, "mobility message dropped", details, by_stranger=True, clause=clause.value)
        case Refused(home_address, status, cause):
            details = {"cause": cause, "home_address": str(home_address)}
            return Report(Level.WARNING, "Binding Update refused", details, by_stranger=True, clause=f"status {status}")
    assert_never(effect)


def of_duplicate(effect: AddressTaken | AddressContested) -> Report:
    """Somebody on the home link has an address of ours, or says so; whoever is there can say it any number of times."""
    phrase = "address of home link taken" if isinstance(effect, AddressTaken) else "address of home link contested"
    details = {"cause": effect.cause, "address": str(effect.address)}
    return Report(Level.WARNING, phrase, details, by_stranger=isinstance(effect, AddressContested))


def installed(session: GatewaySession, effect: ike.ChildInstalled) -> Report:
    """A Child SA is ready."""
    child = effect.child
    facts = {
        "identity": session.identity,
        "home_address": str(effect.home_address),
        "mode": child.mode.value,
        "spi_in": f"{child.spi_in:#010x}",
        "spi_out": f"{child.spi_out:#010x}",
        "algorithms": child.algorithms,
    }
    return Report(Level.INFO, "security association installed", _of(session) | facts)


def authenticated(session: GatewaySession, effect: ike.Established) -> Report:
    """An IKE SA has an authenticated UE."""
    facts = {
        "identity": effect.identity,
        "user_name": effect.user_name,
        "apn": effect.apn or "",
        "home_address": str(effect.home_address),
        "peer": str(effect.peer),
        "suite": effect.suite,
    }
    return Report(Level.INFO, "UE authenticated", _of(session) | facts)


def moved(session: GatewaySession) -> Report:
    """A UE is somewhere else now; it can be so any number of times."""
    facts = {"identity": session.identity, "to": str(session.peer)}
    return Report(Level.INFO, "UE moved", _of(session) | facts, by_stranger=True)


def refused(session: GatewaySession | None, cause: str, source: Endpoint) -> Report:
    """A UE does not get what it wants; who has no session yet is a stranger at `source`.

    One that is connected can want it any number of times.
    """
    if session is not None:
        details = _of(session) | {"cause": cause}
        return Report(Level.WARNING, "UE refused", details, by_stranger=session.began is not None)
    return Report(Level.WARNING, "UE refused", {"cause": cause, "source": str(source)}, by_stranger=True)


def given_up(cause: str) -> Report:
    """An attach came to nothing before there was a session."""
    return Report(Level.WARNING, "attach given up", {"cause": cause}, by_stranger=True)


def ended(session: GatewaySession, cause: str) -> Report:
    """A session is over, or was given up before it had a Home Address."""
    level, phrase = (Level.WARNING, "attach given up") if session.lease is None else (Level.INFO, "session ended")
    return Report(level, phrase, _of(session) | {"identity": session.identity, "cause": cause})


def _of(session: GatewaySession) -> dict[str, str]:
    """What the log lines of other nodes call it too."""
    return {"session": session.name}
