"""Formats of the Grouped AVPs of our commands (RFC 6733 §6, RFC 5447 §4.2, RFC 7683 §7, TS 29.272, TS 29.273 §8.2)."""

from wire.diameter.dictionary import by_name
from wire.diameter.grammar import Grammar, grammar

_FORMATS = {
    "Vendor-Specific-Application-Id": "1* { Vendor-Id } [ Auth-Application-Id ] [ Acct-Application-Id ]",
    "Experimental-Result": "{ Vendor-Id } { Experimental-Result-Code }",
    "Proxy-Info": "{ Proxy-Host } { Proxy-State }",
    "Supported-Features": "{ Vendor-Id } { Feature-List-ID } { Feature-List }",
    "Subscription-Id": "{ Subscription-Id-Type } { Subscription-Id-Data }",
    "MIP6-Agent-Info": "*2 [ MIP-Home-Agent-Address ] [ MIP-Home-Agent-Host ] [ MIP6-Home-Link-Prefix ]",
    "MIP-Home-Agent-Host": "{ Destination-Realm } { Destination-Host }",
    "SIP-Auth-Data-Item": """
        [ SIP-Item-Number ] [ SIP-Authentication-Scheme ] [ SIP-Authenticate ] [ SIP-Authorization ]
        [ Confidentiality-Key ] [ Integrity-Key ]
    """,
    "Requested-EUTRAN-Authentication-Info": """
        [ Number-Of-Requested-Vectors ] [ Immediate-Response-Preferred ] [ Re-Synchronization-Info ]
    """,
    "Requested-UTRAN-GERAN-Authentication-Info": """
        [ Number-Of-Requested-Vectors ] [ Immediate-Response-Preferred ] [ Re-Synchronization-Info ]
    """,
    "Authentication-Info": "* [ E-UTRAN-Vector ] * [ UTRAN-Vector ] * [ GERAN-Vector ]",
    "E-UTRAN-Vector": "[ Item-Number ] { RAND } { XRES } { AUTN } { KASME }",
    "UTRAN-Vector": "[ Item-Number ] { RAND } { XRES } { AUTN } { Confidentiality-Key } { Integrity-Key }",
    "GERAN-Vector": "[ Item-Number ] { RAND } { SRES } { Kc }",
    "Deregistration-Reason": "{ Reason-Code } [ Reason-Info ]",
    "AMBR": "{ Max-Requested-Bandwidth-UL } { Max-Requested-Bandwidth-DL }",
    "Allocation-Retention-Priority": """
        { Priority-Level } [ Pre-emption-Capability ] [ Pre-emption-Vulnerability ]
    """,
    "EPS-Subscribed-QoS-Profile": "{ QoS-Class-Identifier } { Allocation-Retention-Priority }",
    "APN-Configuration": """
        { Context-Identifier } *2 [ Served-Party-IP-Address ] { PDN-Type } { Service-Selection }
        [ EPS-Subscribed-QoS-Profile ] [ VPLMN-Dynamic-Address-Allowed ] [ MIP6-Agent-Info ]
        [ Visited-Network-Identifier ] [ PDN-GW-Allocation-Type ] [ 3GPP-Charging-Characteristics ] [ AMBR ]
        * [ Specific-APN-Info ] [ APN-OI-Replacement ]
    """,
    "Specific-APN-Info": "{ Service-Selection } { MIP6-Agent-Info } [ Visited-Network-Identifier ]",
    "Non-3GPP-User-Data": """
        * [ Subscription-Id ] [ Non-3GPP-IP-Access ] [ Non-3GPP-IP-Access-APN ] * [ RAT-Type ] [ Session-Timeout ]
        [ MIP6-Feature-Vector ] [ AMBR ] [ 3GPP-Charging-Characteristics ] [ Context-Identifier ]
        [ APN-OI-Replacement ] * [ APN-Configuration ] [ Trace-Info ] [ TWAN-Default-APN-Context-Id ]
        * [ TWAN-Access-Info ] [ UE-Usage-Type ] [ Emergency-Info ]
    """,
    "Terminal-Information": "[ IMEI ] [ 3GPP2-MEID ] [ Software-Version ]",
    "OC-Supported-Features": "[ OC-Feature-Vector ]",
    "Active-APN": """
        { Context-Identifier } [ Service-Selection ] [ MIP6-Agent-Info ] [ Visited-Network-Identifier ]
        * [ Specific-APN-Info ]
    """,
}


def _by_code() -> dict[tuple[int, int], Grammar]:
    compiled = {}
    for name, text in _FORMATS.items():
        definition = by_name(name)
        compiled[definition.code, definition.vendor] = grammar(text)
    return compiled


GROUPS = _by_code()
"""(code, vendor) of a Grouped AVP to its grammar."""
