"""Which command of which application has which format (RFC 6733 §3.1, RFC 4072, RFC 5778, TS 29.272, TS 29.273)."""

from wire.diameter import accounting, eap, mip6i, peering, s6a, s6b, sessions, sta, swm, swx
from wire.diameter.applications import Application
from wire.diameter.authorization import AA
from wire.diameter.grammar import Grammar, grammar
from wire.diameter.message import Message
from wire.frozen import dataclass

ERROR_ANSWER = grammar("""
    0*1 < Session-Id > { Origin-Host } { Origin-Realm } { Result-Code } [ Origin-State-Id ] [ Error-Message ]
    [ Error-Reporting-Host ] * [ Failed-AVP ] [ Experimental-Result ] * [ Proxy-Info ] * [ AVP ]
""")
"""Whatever was asked (RFC 6733 §7.2)."""


@dataclass(frozen=True, slots=True)
class CommandFormat:
    """A command: the name of its request, and the grammars of both halves."""

    name: str
    request: Grammar
    answer: Grammar


SESSION_APPLICATIONS = (Application.EAP, Application.MIP6I, Application.S6B, Application.SWM, Application.STA)
"""The applications of gateways: they have sessions, which STR, ASR and RAR end and refresh (RFC 6733 §8)."""

_SESSIONS = {
    sessions.SessionCommand.SESSION_TERMINATION: CommandFormat("STR", sessions.STR, sessions.STA),
    sessions.SessionCommand.ABORT_SESSION: CommandFormat("ASR", sessions.ASR, sessions.ASA),
    sessions.SessionCommand.RE_AUTH: CommandFormat("RAR", sessions.RAR, sessions.RAA),
}
COMMANDS: dict[tuple[int, int], CommandFormat] = {
    (Application.COMMON, peering.PeerCommand.CAPABILITIES_EXCHANGE): CommandFormat("CER", peering.CER, peering.CEA),
    (Application.COMMON, peering.PeerCommand.DEVICE_WATCHDOG): CommandFormat("DWR", peering.DWR, peering.DWA),
    (Application.COMMON, peering.PeerCommand.DISCONNECT_PEER): CommandFormat("DPR", peering.DPR, peering.DPA),
    (Application.EAP, eap.DIAMETER_EAP): CommandFormat("DER", eap.DER, eap.DEA),
    (Application.MIP6I, eap.DIAMETER_EAP): CommandFormat("DER", mip6i.DER, mip6i.DEA),
    (Application.S6B, eap.DIAMETER_EAP): CommandFormat("DER", s6b.DER, s6b.DEA),
    (Application.S6B, AA): CommandFormat("AAR", s6b.AAR, s6b.AAA),
    (Application.SWM, eap.DIAMETER_EAP): CommandFormat("DER", swm.DER, swm.DEA),
    (Application.SWM, AA): CommandFormat("AAR", swm.AAR, swm.AAA),
    (Application.STA, eap.DIAMETER_EAP): CommandFormat("DER", sta.DER, sta.DEA),
    (Application.STA, AA): CommandFormat("AAR", sta.AAR, sta.AAA),
    (Application.SWX, swx.SwxCommand.MULTIMEDIA_AUTH): CommandFormat("MAR", swx.MAR, swx.MAA),
    (Application.SWX, swx.SwxCommand.SERVER_ASSIGNMENT): CommandFormat("SAR", swx.SAR, swx.SAA),
    (Application.SWX, swx.SwxCommand.REGISTRATION_TERMINATION): CommandFormat("RTR", swx.RTR, swx.RTA),
    (Application.SWX, swx.SwxCommand.PUSH_PROFILE): CommandFormat("PPR", swx.PPR, swx.PPA),
    (Application.S6A, s6a.S6aCommand.AUTHENTICATION_INFORMATION): CommandFormat("AIR", s6a.AIR, s6a.AIA),
    (Application.BASE_ACCOUNTING, accounting.ACCOUNTING_COMMAND): CommandFormat("ACR", accounting.ACR, accounting.ACA),
    **{(application, code): command for application in SESSION_APPLICATIONS for code, command in _SESSIONS.items()},
}
"""(Application-Id of the header, command code) to its format."""


def name_of(message: Message) -> str:
    """How one calls `message` in a log: `DER`, `MAA`, or numbers for a stranger."""
    command = COMMANDS.get((message.application, message.command))
    if command is None:
        return f"command {message.command} of application {message.application}"
    return command.name if message.is_request else command.name[:-1] + "A"
