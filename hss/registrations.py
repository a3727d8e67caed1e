"""Which AAA server serves a user, and through which PDN GW (SAR of TS 29.273 §8.1.2.2)."""

from sqlalchemy import Connection, delete, insert, select

from hss.api import Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused
from hss.models import Registration, ServingGateway, SubscriberState
from hss.profiles import profile_of, state_of

Outcome = Profile | ServiceRefused | None

_DEREGISTRATIONS = frozenset(
    {
        Assignment.USER_DEREGISTRATION,
        Assignment.ADMINISTRATIVE_DEREGISTRATION,
        Assignment.AUTHENTICATION_FAILURE,
        Assignment.AUTHENTICATION_TIMEOUT,
    }
)


def user_data(connection: Connection, request: AssignmentRequest) -> Outcome:
    """The profile, and nothing changes (AAA_USER_DATA_REQUEST)."""
    imsi = str(request.imsi)
    profile = profile_of(connection, request.imsi)
    if profile is None:
        return ServiceRefused(Refusal.USER_UNKNOWN, f"no subscriber {imsi}")
    if state_of(connection, imsi) is not SubscriberState.ENABLED:
        return ServiceRefused(Refusal.SUBSCRIBER_BARRED, f"subscriber {imsi} is barred")
    if not profile.apns:
        return ServiceRefused(Refusal.NO_NON_3GPP_SUBSCRIPTION, f"subscriber {imsi} has no APN")
    if request.apn is not None and profile.apn(request.apn) is None:
        return ServiceRefused(Refusal.NO_APN_SUBSCRIPTION, f"subscriber {imsi} has no APN {request.apn}")
    return profile


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
        connection.execute(insert(Registration).values(imsi=imsi, aaa_name=node))
    elif serving != node:
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
