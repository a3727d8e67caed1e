"""The DERs and STRs of a load, and what it reads of the answers (RFC 4072 §3, TS 29.273 §7.2.2, §9.2.2).

As `wire.diameter` would build and judge them: what is the same in every DER is built once, by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any, NamedTuple

from ue_sim.load.attributes import UeRefuses
from wire.diameter.applications import Application
from wire.diameter.avp import build_avps
from wire.diameter.command import Request
from wire.diameter.eap import DIAMETER_EAP
from wire.diameter.eap_applications import REQUESTS
from wire.diameter.enumerations import Mip6FeatureVector, RatType, TerminationCause
from wire.diameter.message import FLAG_PROXIABLE, FLAG_REQUEST, HEADER_LENGTH
from wire.diameter.results import describe_result
from wire.diameter.sessions import SessionCommand, SessionTerminationRequest

_HEAD = Struct(">5I")
_AVP = Struct(">II")
_MANDATORY = 0x40 << 24
_VENDOR = 0x80 << 24
_LENGTH = 0xFFFFFF
_PADDING = (b"", bytes(3), bytes(2), bytes(1))

_USER_NAME, _STATE, _SESSION_ID, _RESULT_CODE = 1, 24, 263, 268
_EXPERIMENTAL_RESULT, _EXPERIMENTAL_RESULT_CODE, _EAP_PAYLOAD, _MSK = 297, 298, 462, 464
_PER_ROUND = {_USER_NAME, _STATE, _SESSION_ID, _EAP_PAYLOAD}


@dataclass(frozen=True, slots=True)
class Node:
    """Who asks whom in `application`; `apn` and `visited_network` go into those of 3GPP."""

    application: Application
    origin_host: str
    origin_realm: str
    destination_realm: str
    apn: str = ""
    visited_network: str = ""


class DiameterAnswer(NamedTuple):
    """What a DEA holds; `states` are whole AVPs, to be sent back, `msk` is empty without EAP-Master-Session-Key."""

    result: int
    experimental: int | None
    session_id: bytes
    eap: bytes
    states: bytes
    msk: bytes

    @property
    def cause(self) -> str:
        """The result in words."""
        return describe_result(self.result or None, self.experimental)


class DiameterPackets:
    """The requests of one node."""

    def __init__(self, node: Node) -> None:
        of_application: Mapping[Application, dict[str, Any]] = {
            Application.S6B: {
                "rat_type": RatType.WLAN,
                "service_selection": node.apn or None,
                "mip6_feature_vector": Mip6FeatureVector.MIP6_INTEGRATED,
                "visited_network_identifier": node.visited_network.encode() or None,
            },
            Application.SWM: {
                "rat_type": RatType.WLAN,
                "service_selection": node.apn or None,
                "visited_network_identifier": node.visited_network.encode() or None,
            },
        }
        der = REQUESTS[node.application](
            session_id="",
            origin_host=node.origin_host,
            origin_realm=node.origin_realm,
            destination_realm=node.destination_realm,
            eap_payload=b"",
            **of_application.get(node.application, {}),
        )
        end = SessionTerminationRequest(
            session_id="",
            auth_application_id=node.application,
            origin_host=node.origin_host,
            origin_realm=node.origin_realm,
            destination_realm=node.destination_realm,
            termination_cause=TerminationCause.LOGOUT,
        )
        self._same, self._same_at_end = _same(der), _same(end)
        self._application = int(node.application)

    def request(
        self, number: int, end_to_end: int, session_id: bytes, user_name: bytes, eap: bytes, states: bytes
    ) -> bytes:
        """A DER with `number` as its Hop-by-Hop Identifier; `states` as the answer before had them."""
        body = b"".join(
            (
                _avp(_SESSION_ID, session_id),
                self._same,
                _avp(_USER_NAME, user_name),
                _avp(_EAP_PAYLOAD, eap),
                states,
            )
        )
        return self._headed(DIAMETER_EAP, number, end_to_end, body)

    def end(self, number: int, end_to_end: int, session_id: bytes, user_name: bytes) -> bytes:
        """The STR that ends a session."""
        body = b"".join((_avp(_SESSION_ID, session_id), self._same_at_end, _avp(_USER_NAME, user_name)))
        return self._headed(SessionCommand.SESSION_TERMINATION, number, end_to_end, body)

    def _headed(self, command: int, number: int, end_to_end: int, body: bytes) -> bytes:
        length = 1 << 24 | HEADER_LENGTH + len(body)
        flagged = (FLAG_REQUEST | FLAG_PROXIABLE) << 24 | command
        return _HEAD.pack(length, flagged, self._application, number, end_to_end) + body


def _same(request: Request) -> bytes:
    """The AVPs that every request of a node has alike."""
    return build_avps(avp for avp in request.message().avps if avp.code not in _PER_ROUND)


def _avp(code: int, value: bytes) -> bytes:
    length = 8 + len(value)
    return _AVP.pack(code, _MANDATORY | length) + value + _PADDING[length % 4]


def answer(octets: bytes) -> DiameterAnswer:
    """The DEA, or STA, in `octets`, which are as many as its header says; UeRefuses when an AVP does not fit."""
    result, experimental, found, states = 0, None, {_SESSION_ID: b"", _EAP_PAYLOAD: b"", _MSK: b""}, b""
    at, end = HEADER_LENGTH, len(octets)
    while at < end:
        code, flagged, start, length = _header(octets, at, end)
        if not flagged & _VENDOR:
            if code == _RESULT_CODE:
                result = int.from_bytes(octets[start : at + length], "big")
            elif code == _EXPERIMENTAL_RESULT:
                experimental = _experimental(octets, start, at + length)
            elif code == _STATE:
                states += octets[at : at + length] + _PADDING[length % 4]
            elif code in found:
                found[code] = octets[start : at + length]
        at += length + -length % 4
    return DiameterAnswer(result, experimental, found[_SESSION_ID], found[_EAP_PAYLOAD], states, found[_MSK])


def _experimental(octets: bytes, at: int, end: int) -> int | None:
    while at < end:
        code, _, start, length = _header(octets, at, end)
        if code == _EXPERIMENTAL_RESULT_CODE:
            return int.from_bytes(octets[start : at + length], "big")
        at += length + -length % 4
    return None


def _header(octets: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Code, flags with length, where the value begins, and the length of the AVP at `at`."""
    if end - at < 8:
        raise UeRefuses("malformed DEA")
    code, flagged = _AVP.unpack_from(octets, at)
    start, length = at + (12 if flagged & _VENDOR else 8), flagged & _LENGTH
    if not start - at <= length <= end - at:
        raise UeRefuses("malformed DEA")
    return code, flagged, start, length
