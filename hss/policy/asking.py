"""What a Diameter request asks for, as far as a policy goes."""

from hss.policy.rules import Asked
from hss.service import VECTORS_MAX
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.message import Message
from wire.diameter.s6a import AuthenticationInformationRequest, RequestedAuthenticationInfo, S6aCommand
from wire.diameter.swx import SwxCommand
from wire.identity import Imsi, Nai, classify


def asked(message: Message, vectors_max: int = VECTORS_MAX) -> Asked:
    """For MAR, SAR, AIR and whatever comes: AvpFault when the AVPs that say so cannot be read.

    `vectors_max` is how many vectors the HSS gives at most, however many are asked for.
    """
    user = message.text("User-Name")
    realms = {realm.lower() for realm in (message.text("Origin-Realm"), _realm(user)) if realm}
    return Asked(message.application, frozenset(realms), _imsi(user), _vectors(message, vectors_max))


def _imsi(user: str | None) -> str | None:
    if user is None:
        return None
    try:
        return str(Imsi(user))
    except ValueError:
        imsi = classify(user).imsi
    return None if imsi is None else str(imsi)


def _realm(user: str | None) -> str | None:
    return Nai.of(user).home_realm if user is not None and "@" in user else None


def _vectors(message: Message, most: int) -> int:
    match message.application, message.command:
        case Application.SWX, SwxCommand.MULTIMEDIA_AUTH:
            count = message.value("SIP-Number-Auth-Items")
            return min(count, most) if isinstance(count, int) else 1
        case Application.S6A, S6aCommand.AUTHENTICATION_INFORMATION:
            return _eps_vectors(message, most)
        case _:
            return 0


def _eps_vectors(message: Message, most: int) -> int:
    try:
        request = AuthenticationInformationRequest.parse(message)
    except AvpFault:
        # it will be refused for that
        return 0
    return _count(request.requested_eutran, most) + _count(request.requested_utran_geran, most)


def _count(wanted: RequestedAuthenticationInfo | None, most: int) -> int:
    if wanted is None:
        return 0
    count = wanted.number_of_requested_vectors
    return 1 if count is None else min(count, most)
