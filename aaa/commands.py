"""What an operator asks of the AAA server's sessions and clients; each reads the configuration and the ledger anew."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aaa.config import AaaConfig
from aaa.errands import ErrandDesk
from aaa.ledger import SharedStore, open_configured_ledger, open_shared
from aaa.radius.chargeable import Chargeable
from aaa.radius.config import RadiusConfig
from aaa.radius.dynamic import Done, Outcome, Refused
from hss.failure_api import FailureRecord
from hss.session_api import LONGEST_SESSION, UNKNOWN_TO_NAS, ClientSeen, Session, SessionLedger, SessionQuery
from runtime.config import ConfigError, RawConfig
from wire.identity import Imsi
from wire.radius.exchange import Timers
from wire.radius.packet import ZERO_AUTHENTICATOR, Attribute, Code, RadiusPacket

_TIMERS = Timers(irt=1.0, mrd=15.0)
"""An operator waits for it, so it is given up sooner than RFC 5080 §2.2.1 would."""


class SessionRefused(Exception):
    """It was not done; the message is one line that says why and what to do."""


async def find_sessions(raw: RawConfig, query: SessionQuery) -> tuple[Session, ...]:
    """The sessions that `query` asks for."""
    async with open_configured_ledger(raw, _database(raw)) as ledger:
        return await ledger.sessions(query)


async def find_failures(raw: RawConfig, wanted: str, limit: int) -> tuple[FailureRecord, ...]:
    """Authentications that failed, by IMSI, session, client or reference; SessionRefused when none is kept."""
    aaa = raw.section("aaa", AaaConfig)
    async with open_shared(raw, aaa.database) as shared:
        found = await shared.failures.find(wanted, limit)
    if not found:
        kept = f"the last {aaa.failures_kept} of {aaa.failure_days} days"
        raise SessionRefused(f"no failure of {wanted} is kept ({kept}); the log names each by explain=")
    return found


async def find_clients(raw: RawConfig) -> tuple[ClientSeen, ...]:
    """Every configured client and what it has sent; those that were never heard as well."""
    async with open_configured_ledger(raw, _database(raw)) as ledger:
        seen = {one.client: one for one in await ledger.clients()}
    return tuple(seen.get(name, ClientSeen(name, 0, 0, None, None)) for name in _configured(_radius(raw)))


async def disconnect(raw: RawConfig, number: int) -> Session:
    """Have the NAS end session `number`; SessionRefused when it did not."""
    async with open_shared(raw, _database(raw)) as shared:
        session = await _open_session(shared.ledger, number)
        await _require_done(shared.ledger, await _ask(raw, shared, session, None), number)
        return session


async def change(raw: RawConfig, number: int, attributes: Sequence[Attribute]) -> Session:
    """Have the NAS change session `number`; SessionRefused when it did not.

    What it is told of Session-Timeout is kept: the session ages by it, and a new profile is compared with it.
    """
    async with open_shared(raw, _database(raw)) as shared:
        session = await _open_session(shared.ledger, number)
        await _require_done(shared.ledger, await _ask(raw, shared, session, attributes), number)
        seconds = RadiusPacket(Code.COA_REQUEST, 0, ZERO_AUTHENTICATOR, tuple(attributes)).integer("Session-Timeout")
        if seconds is not None and session.radius_class is not None:
            await shared.ledger.limit(session.radius_class, None if seconds > LONGEST_SESSION else seconds)
        return session


def chargeable_user(raw: RawConfig, cui: str) -> tuple[str, Imsi]:
    """Which client calls whom so; SessionRefused where none of ours does."""
    radius = _radius(raw)
    chargeable = Chargeable.of(radius)
    if chargeable is None:
        raise ConfigError(f"{raw.path}: there is no cui_key in [aaa.radius]; add it, and clients that ask are told")
    for client in _configured(radius):
        imsi = chargeable.whose(client, cui)
        if imsi is not None:
            return client, imsi
    keys = f"the key{'s' if len(radius.cui_key) > 1 else ''} in {', '.join(map(str, radius.cui_key))}"
    raise SessionRefused(f"no client in {raw.path} was told {cui} under {keys}")


async def prune(raw: RawConfig, days: int) -> int:
    """Delete grants, records and ended sessions that are older; how many rows that were."""
    async with open_configured_ledger(raw, _database(raw)) as ledger:
        return await ledger.prune(_now() - timedelta(days=days))


async def _open_session(ledger: SessionLedger, number: int) -> Session:
    session = await ledger.session(number)
    if session is None:
        raise SessionRefused(f"there is no session {number}; akadia aaa sessions lists them")
    if session.ended is not None:
        raise SessionRefused(f"session {number} has ended ({session.why_ended}); akadia aaa sessions lists open ones")
    return session


async def _ask(raw: RawConfig, shared: SharedStore, session: Session, changes: Sequence[Attribute] | None) -> Outcome:
    # whoever only wants to see sessions does not wait for all of RADIUS
    from aaa.radius.opening import open_asking  # noqa: PLC0415

    asking = open_asking(_radius(raw), ErrandDesk(shared.errands, _now), _TIMERS)
    return await asking.ask(session, _now(), changes)


def _now() -> datetime:
    return datetime.now(UTC)


async def _require_done(ledger: SessionLedger, outcome: Outcome, number: int) -> None:
    if isinstance(outcome, Refused) and outcome.is_unknown:
        await ledger.end(number, UNKNOWN_TO_NAS, _now())
        raise SessionRefused(f"the NAS knows no session {number} any more; it counts as ended now")
    if isinstance(outcome, Refused):
        raise SessionRefused(f"the NAS refuses for session {number}: {outcome.cause}")
    if not isinstance(outcome, Done):
        raise SessionRefused(f"session {number}: {outcome.cause}")


def _database(raw: RawConfig) -> str:
    return raw.section("aaa", AaaConfig).database


def _configured(radius: RadiusConfig) -> list[str]:
    """The names of all clients."""
    over_tls = () if radius.radsec is None else radius.radsec.client
    return [*(entry.name for entry in radius.client), *(entry.name for entry in over_tls)]


def _radius(raw: RawConfig) -> RadiusConfig:
    radius = raw.optional("aaa.radius", RadiusConfig)
    if radius is None:
        raise ConfigError(f"{raw.path}: there is no [aaa.radius]; add it")
    return radius
