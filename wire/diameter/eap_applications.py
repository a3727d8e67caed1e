"""DER and DEA by the application that they belong to: the same code, five formats (RFC 4072, RFC 5778, TS 29.273)."""

from collections.abc import Mapping

from wire.diameter.applications import Application
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.message import Message
from wire.diameter.mip6i import Mip6iEapAnswer, Mip6iEapRequest
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.sta import StaEapAnswer, StaEapRequest
from wire.diameter.swm import SwmEapAnswer, SwmEapRequest

REQUESTS: Mapping[int, type[DiameterEapRequest]] = {
    Application.EAP: DiameterEapRequest,
    Application.MIP6I: Mip6iEapRequest,
    Application.S6B: S6bEapRequest,
    Application.SWM: SwmEapRequest,
    Application.STA: StaEapRequest,
}
ANSWERS: Mapping[int, type[DiameterEapAnswer]] = {
    Application.EAP: DiameterEapAnswer,
    Application.MIP6I: Mip6iEapAnswer,
    Application.S6B: S6bEapAnswer,
    Application.SWM: SwmEapAnswer,
    Application.STA: StaEapAnswer,
}


def read_eap_request(message: Message) -> DiameterEapRequest:
    """The DER in `message` as its application defines it; AvpFault when it is none."""
    return REQUESTS.get(message.application, DiameterEapRequest).parse(message)
