"""Which AAA server serves a user, and through which PDN GW (SAR of TS 29.273 §8.1.2.2)."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from hss.api import Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused
from hss.counting.rowset import ROWS, rowset
from hss.models import Apn, Registration, ServingGateway, Subscriber, SubscriberState
from hss.profiles import APN_COLUMNS, Gateway, profile_from, profile_of, state_of
from hss.sessions.upsert import insert_into

Outcome = Profile | ServiceRefused | None

_DEREGISTRATIONS = frozenset(
    {
        Assignment.USER_DEREGISTRATION,
        Assignment.ADMINISTRATIVE_DEREGISTRATION,
        Assignment.AUTHENTICATION_FAILURE,
        Assignment.AUTHENTICATION_TIMEOUT,
    }
)


_REGISTERING = frozenset({Assignment.REGISTRATION, Assignment.RESTORATION})

_WANTED = rowset()
_STANDING = (
    select(
        *APN_COLUMNS,
        Subscriber.imsi,
        Subscriber.msisdn,
        Registration.aaa_name,
        select(ServingGateway.imsi).where(ServingGateway.imsi == Subscriber.imsi).exists(),
    )
    .select_from(_WANTED)
    .join(Subscriber, Subscriber.imsi == _WANTED.c.key)
    .join(Registration, Registration.imsi == Subscriber.imsi)
    .join(Apn, Apn.imsi == Subscriber.imsi)
    .where(Subscriber.state == SubscriberState.ENABLED)
    .order_by(Apn.context_id)
)
_GATEWAYS = (
    select(ServingGateway.imsi, ServingGateway.apn, ServingGateway.address)
    .select_from(_WANTED)
    .join(ServingGateway, ServingGateway.imsi == _WANTED.c.key)
    .order_by(ServingGateway.apn)
)


def user_data(connection: Connection, request: AssignmentRequest) -> Outcome:
    """The profile, and nothing changes (AAA_USER_DATA_REQUEST)."""
    imsi = str(request.imsi)
    profile = profile_of(connection, request.imsi)
    if profile is None:
        return ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")
    if state_of(connection, imsi) is not SubscriberState.ENABLED:
        return ServiceRefused(Refusal.SUBSCRIBER_BARRED, f"subscriber {imsi} is barred")
    return _with_apns(profile, request)


def _with_apns(profile: Profile, request: AssignmentRequest) -> Profile | ServiceRefused:
    imsi = str(request.imsi)
    if not profile.apns:
        return ServiceRefused(Refusal.NO_NON_3GPP_SUBSCRIPTION, f"subscriber {imsi} has no APN")
    if request.apn is not None and profile.apn(request.apn) is None:
        return ServiceRefused(Refusal.NO_APN_SUBSCRIPTION, f"subscriber {imsi} has no APN {request.apn}")
    return profile


def standing(connection: Connection, requests: Sequence[AssignmentRequest]) -> list[Profile | None]:
    """The profile of each request that changes nothing, because its node serves the user already; None for any other.

    Read for all of them together: a user who comes back to the server that serves him is what mostly happens.
    """
    wanted: dict[str, tuple[()]] = {str(request.imsi): () for request in requests if request.assignment in _REGISTERING}
    if not wanted:
        return [None] * len(requests)
    rows: dict[str, list[Sequence[Any]]] = {}
    for row in connection.execute(_STANDING, {ROWS: wanted}).all():
        rows.setdefault(row[8], []).append(row)
    gateways: dict[str, dict[str, Gateway]] = {}
    if any(found[0][11] for found in rows.values()):
        for imsi, apn, address in connection.execute(_GATEWAYS, {ROWS: wanted}):
            gateways.setdefault(imsi, {})[apn] = ip_address(address)
    return [
        _standing(request, rows.get(str(request.imsi)), gateways.get(str(request.imsi), {})) for request in requests
    ]


def _standing(
    request: AssignmentRequest, rows: list[Sequence[Any]] | None, gateways: Mapping[str, Gateway]
) -> Profile | None:
    if rows is None or request.assignment not in _REGISTERING or rows[0][10] != request.node.lower():
        return None
    profile = _with_apns(profile_from(request.imsi, rows[0][9], rows, gateways), request)
    return profile if isinstance(profile, Profile) else None


def assign(connection: Connection, request: AssignmentRequest) -> Outcome:
    """Serve a SAR that changes something; a refusal is a value, because it spoils no other request."""
    if request.assignment in _DEREGISTRATIONS:
        return _deregister(connection, request)
    if request.assignment is Assignment.PGW_UPDATE:
        return _update_gateway(connection, request)
    return _register(connection, request)


def serving_aaa(connection: Connection, imsi: str) -> str | None:
    """The AAA server that serves `imsi`, or None."""
    return connection.scalar(select(Registration.aaa_name).where(Registration.imsi == imsi))


def forget(connection: Connection, imsi: str) -> None:
    """End the registration of `imsi`, and what its PDN GWs are."""
    connection.execute(delete(Registration).where(Registration.imsi == imsi))


def _register(connection: Connection, request: AssignmentRequest) -> Outcome:
    outcome = user_data(connection, request)
    if not isinstance(outcome, Profile):
        return outcome
    imsi, node = str(request.imsi), request.node.lower()
    serving = serving_aaa(connection, imsi)
    if serving is None:
        # another process may be registering him just now: then he is served as that one says
        anew = insert_into(connection, Registration).values(imsi=imsi, aaa_name=node)
        connection.execute(anew.on_conflict_do_nothing(index_elements=["imsi"]))
        serving = serving_aaa(connection, imsi)
    if serving is not None and serving != node:
        return _served_elsewhere(imsi, serving)
    return outcome


def _deregister(connection: Connection, request: AssignmentRequest) -> Outcome:
    imsi = str(request.imsi)
    if state_of(connection, imsi) is None:
        return ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")
    serving = serving_aaa(connection, imsi)
    if serving is not None and serving != request.node.lower():
        return ServiceRefused(Refusal.INVALID_REQUEST, f"{imsi} is served by {serving}, not by {request.node}")
    # nothing to end is no error: a repeated SAR whose answer was lost must not fail
    forget(connection, imsi)
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
    connection.execute(delete(ServingGateway).where(ServingGateway.imsi == imsi, ServingGateway.apn == apn))
    if request.pdn_gw is not None:
        connection.execute(insert(ServingGateway).values(imsi=imsi, apn=apn, address=str(request.pdn_gw)))
    return None


def _served_elsewhere(imsi: str, serving: str) -> ServiceRefused:
    detail = f"{serving} serves {imsi}; to end that: akadia subscriber disable {imsi}, then enable"
    return ServiceRefused(Refusal.REGISTERED_ELSEWHERE, detail, serving)
