"""Which AAA server serves a user, and through which PDN GW (SAR of TS 29.273 §8.1.2.2)."""

from collections.abc import Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from typing import Any, cast

from sqlalchemy import Connection, and_, delete, insert, select

from hss.api import Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused
from hss.models import APN_LENGTH, Apn, Registration, ServingGateway, Subscriber, SubscriberState
from hss.profiles import APN_COLUMNS, Gateway, profile_from
from hss.sessions.upsert import insert_for
from hss.store.prepared import Prepared
from hss.store.rowset import ROWS, rowset, string
from wire.frozen import dataclass

Outcome = Profile | ServiceRefused | None


UNNAMED_MOST = 100
"""Of so many APNs that only the wildcard allows it is kept which PDN GW serves a user: he chooses their names."""

REGISTERING = frozenset({Assignment.REGISTRATION, Assignment.RESTORATION})
"""What `register` serves."""
DEREGISTERING = frozenset(
    {
        Assignment.USER_DEREGISTRATION,
        Assignment.ADMINISTRATIVE_DEREGISTRATION,
        Assignment.AUTHENTICATION_FAILURE,
        Assignment.AUTHENTICATION_TIMEOUT,
    }
)
"""What `deregister` serves."""

_ENABLED = SubscriberState.ENABLED.value
_NOWHERE: Mapping[str, Gateway] = {}

_WANTED = rowset()
_FOUND = Prepared(
    select(
        *APN_COLUMNS,
        Subscriber.imsi,
        Subscriber.msisdn,
        Subscriber.state,
        Registration.aaa_name,
        select(ServingGateway.imsi).where(ServingGateway.imsi == Subscriber.imsi).exists(),
    )
    .select_from(_WANTED)
    .join(Subscriber, Subscriber.imsi == _WANTED.c.key)
    .outerjoin(Registration, Registration.imsi == Subscriber.imsi)
    .outerjoin(Apn, Apn.imsi == Subscriber.imsi)
    .order_by(Apn.context_id)
)
_IMSI, _MSISDN, _STATE, _SERVING_AAA, _HAS_GATEWAY = range(len(APN_COLUMNS), len(APN_COLUMNS) + 5)
"""Where they are in a row of `_FOUND`."""
_GATEWAYS = (
    select(ServingGateway.imsi, ServingGateway.apn, ServingGateway.address)
    .select_from(_WANTED)
    .join(ServingGateway, ServingGateway.imsi == _WANTED.c.key)
    .order_by(ServingGateway.apn)
)
_SERVING = (
    select(Registration.imsi, Registration.aaa_name)
    .select_from(_WANTED)
    .join(Registration, Registration.imsi == _WANTED.c.key)
)
_SERVERS = Prepared(
    select(Subscriber.imsi, Registration.aaa_name)
    .select_from(_WANTED)
    .join(Subscriber, Subscriber.imsi == _WANTED.c.key)
    .outerjoin(Registration, Registration.imsi == Subscriber.imsi)
)
_ENDED = Prepared(
    delete(Registration)
    .where(
        Registration.imsi.in_(
            select(Registration.imsi)
            .select_from(_WANTED)
            .join(
                Registration,
                and_(Registration.imsi == string(_WANTED, 0), Registration.aaa_name == string(_WANTED, 1)),
            )
            # two processes lock rows in the same order
            .order_by(Registration.imsi)
            .with_for_update(of=Registration)
        )
    )
    .returning(Registration.imsi)
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A subscriber as the store has it: rows of `_FOUND`, of which there is one without an APN where he has none."""

    rows: list[Sequence[Any]]
    gateways: Mapping[str, Gateway]

    @property
    def serving_aaa(self) -> str | None:
        return cast("str | None", self.rows[0][_SERVING_AAA])


def user_data(connection: Connection, request: AssignmentRequest) -> Outcome:
    """The profile, and nothing changes (AAA_USER_DATA_REQUEST)."""
    return _judged(request, _find(connection, [request]).get(str(request.imsi)))


def standing(connection: Connection, requests: Sequence[AssignmentRequest]) -> list[Profile | None]:
    """The profile of each request that changes nothing, because its node serves the user already; None for any other.

    Read for all of them together: a user who comes back to the server that serves him is what mostly happens.
    """
    found = _find(connection, [request for request in requests if request.assignment in REGISTERING])
    return [_standing(request, found.get(request.imsi.digits)) for request in requests]


def _standing(request: AssignmentRequest, found: _Found | None) -> Profile | None:
    if found is None or found.rows[0][_SERVING_AAA] != request.node.lower() or request.assignment not in REGISTERING:
        return None
    outcome = _judged(request, found)
    return outcome if isinstance(outcome, Profile) else None


def _find(connection: Connection, requests: Sequence[AssignmentRequest]) -> dict[str, _Found]:
    """The subscribers whom `requests` name, by IMSI."""
    wanted: dict[str, tuple[()]] = {request.imsi.digits: () for request in requests}
    if not wanted:
        return {}
    rows: dict[str, list[Sequence[Any]]] = {}
    is_somewhere = False
    for row in _FOUND.rows(connection, wanted):
        rows.setdefault(row[_IMSI], []).append(row)
        if row[_HAS_GATEWAY]:
            is_somewhere = True
    gateways: dict[str, dict[str, Gateway]] = {}
    if is_somewhere:
        for imsi, apn, address in connection.execute(_GATEWAYS, {ROWS: wanted}):
            gateways.setdefault(imsi, {})[apn] = ip_address(address)
    return {imsi: _Found(found, gateways.get(imsi, _NOWHERE)) for imsi, found in rows.items()}


def _judged(request: AssignmentRequest, found: _Found | None) -> Profile | ServiceRefused:
    imsi = request.imsi.digits
    if found is None:
        return ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")
    rows = found.rows
    first = rows[0]
    if first[_STATE] != _ENABLED:
        return ServiceRefused(Refusal.SUBSCRIBER_BARRED, f"subscriber {imsi} is barred")
    if first[0] is None:
        return ServiceRefused(Refusal.NO_NON_3GPP_SUBSCRIPTION, f"subscriber {imsi} has no APN")
    profile = profile_from(request.imsi, first[_MSISDN], rows, found.gateways)
    if request.apn is not None and profile.apn(request.apn) is None:
        return ServiceRefused(Refusal.NO_APN_SUBSCRIPTION, f"subscriber {imsi} has no APN {request.apn}")
    return profile


def assign(connection: Connection, request: AssignmentRequest) -> Outcome:
    """Serve a SAR that changes something; a refusal is a value, because it spoils no other request."""
    if request.assignment in DEREGISTERING:
        return deregister(connection, [request])[0]
    if request.assignment is Assignment.PGW_UPDATE:
        return _update_gateway(connection, request)
    return register(connection, [request])[0]


def serving_aaa(connection: Connection, imsi: str) -> str | None:
    """The AAA server that serves `imsi`, or None."""
    return connection.scalar(select(Registration.aaa_name).where(Registration.imsi == imsi))


def forget(connection: Connection, imsi: str) -> None:
    """End the registration of `imsi`, and what its PDN GWs are."""
    connection.execute(delete(Registration).where(Registration.imsi == imsi))


def register(connection: Connection, requests: Sequence[AssignmentRequest]) -> list[Profile | ServiceRefused]:
    """Serve SARs that register, each as if it came after those before it, in a few statements for all of them."""
    found = _find(connection, requests)
    outcomes = [_judged(request, found.get(str(request.imsi))) for request in requests]
    serving = {imsi: one.serving_aaa for imsi, one in found.items()}
    anew: dict[str, tuple[str]] = {}
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, Profile) and serving[str(request.imsi)] is None:
            anew.setdefault(str(request.imsi), (request.node.lower(),))
    if anew:
        serving |= _enrolled(connection, anew)
    return [_served(request, outcome, serving) for request, outcome in zip(requests, outcomes, strict=True)]


def _enrolled(connection: Connection, anew: dict[str, tuple[str]]) -> dict[str, str | None]:
    """Register each IMSI with its node, in the order of the IMSIs; by whom it is served then."""
    if len(_enrolment(connection.dialect.name).rows(connection, anew)) == len(anew):
        return {imsi: node for imsi, (node,) in anew.items()}
    # another process was registering some just now: they are served as that one says
    others = {row[0]: row[1] for row in connection.execute(_SERVING, {ROWS: anew})}
    return {imsi: others.get(imsi) for imsi in anew}


@cache
def _enrolment(dialect: str) -> Prepared:
    each = select(_WANTED.c.key, string(_WANTED, 0)).order_by(_WANTED.c.key)
    enrolment = insert_for(dialect, Registration).from_select(["imsi", "aaa_name"], each)
    return Prepared(enrolment.on_conflict_do_nothing(index_elements=["imsi"]).returning(Registration.imsi))


def _served(
    request: AssignmentRequest, outcome: Profile | ServiceRefused, serving: Mapping[str, str | None]
) -> Profile | ServiceRefused:
    imsi = str(request.imsi)
    server = serving.get(imsi)
    if isinstance(outcome, ServiceRefused) or server is None or server == request.node.lower():
        return outcome
    detail = f"{server} serves {imsi}; to end that: akadia subscriber disable {imsi}, then enable"
    return ServiceRefused(Refusal.REGISTERED_ELSEWHERE, detail, server)


def deregister(connection: Connection, requests: Sequence[AssignmentRequest]) -> list[ServiceRefused | None]:
    """Serve SARs that deregister; of several for one user as if that of his server came first."""
    wanted = {str(place): (request.imsi.digits, request.node.lower()) for place, request in enumerate(requests)}
    ended = {imsi for (imsi,) in _ENDED.rows(connection, wanted)}
    others = {request.imsi.digits: () for request in requests if request.imsi.digits not in ended}
    if not others:
        return [None] * len(requests)
    serving = dict(_SERVERS.rows(connection, others)) | dict.fromkeys(ended)
    return [_ended(request, serving) for request in requests]


def _ended(request: AssignmentRequest, serving: Mapping[str, str | None]) -> ServiceRefused | None:
    imsi = request.imsi.digits
    if imsi not in serving:
        return ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")
    server = serving[imsi]
    if server is not None and server != request.node.lower():
        return ServiceRefused(Refusal.INVALID_REQUEST, f"{imsi} is served by {server}, not by {request.node}")
    # nothing to end is no error: a repeated SAR whose answer was lost must not fail
    return None


def _update_gateway(connection: Connection, request: AssignmentRequest) -> Outcome:
    outcome = user_data(connection, request)
    if not isinstance(outcome, Profile):
        return outcome
    imsi = str(request.imsi)
    serving = serving_aaa(connection, imsi)
    if request.apn is None or serving != request.node.lower():
        cause = "names no APN" if request.apn is None else f"comes from {request.node}, served by {serving}"
        return ServiceRefused(Refusal.INVALID_REQUEST, f"the PDN GW update for {imsi} {cause}")
    apn = request.apn.lower()
    if (found := outcome.apn(apn)) is not None and found.name != apn:
        fault = _fault_of_unnamed(apn, [one.name for one in found.specific], going=request.pdn_gw is None)
        if fault is not None:
            return ServiceRefused(Refusal.INVALID_REQUEST, f"the PDN GW update for {imsi} {fault}")
    connection.execute(delete(ServingGateway).where(ServingGateway.imsi == imsi, ServingGateway.apn == apn))
    if request.pdn_gw is not None:
        connection.execute(insert(ServingGateway).values(imsi=imsi, apn=apn, address=str(request.pdn_gw)))
    return None


def _fault_of_unnamed(apn: str, kept: Sequence[str], *, going: bool) -> str | None:
    """Why no PDN GW is kept, or is `going`, for an APN that the subscription does not name; None when it is."""
    if len(apn) > APN_LENGTH or not apn.isprintable():
        return "names what is no APN"
    if not going and apn not in kept and len(kept) >= UNNAMED_MOST:
        return f"is for more than {UNNAMED_MOST} APNs that his subscription does not name"
    return None
