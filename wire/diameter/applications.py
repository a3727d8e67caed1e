"""Application-Ids (RFC 6733 §11.3, TS 29.230 §6) and which of them are 3GPP's own."""

from enum import IntEnum

from wire.diameter.results import VENDOR_3GPP


class Application(IntEnum):
    """The applications of this house; RELAY is what an agent advertises (RFC 6733 §2.4)."""

    COMMON = 0
    NASREQ = 1
    BASE_ACCOUNTING = 3
    EAP = 5
    MIP6I = 7
    MIP6A = 8
    STA = 16777250
    S6A = 16777251
    SWM = 16777264
    SWX = 16777265
    S6B = 16777272
    RELAY = 0xFFFFFFFF


ACCOUNTING = frozenset({Application.BASE_ACCOUNTING})
"""What is advertised as Acct-Application-Id (RFC 6733 §6.9)."""


def vendor_of(application: int) -> int:
    """10415 for an application of 3GPP, 0 for one of the IETF: the first vendor-specific one is 16777216."""
    return VENDOR_3GPP if 16777216 <= application < Application.RELAY else 0
