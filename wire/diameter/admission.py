"""Whether a request may be served here, and how it is refused if not (RFC 6733 §6.1, §7.1.3, §7.1.5)."""

from collections.abc import Mapping
from dataclasses import field

from wire.diameter.application_ids import check_application_ids
from wire.diameter.avp import Avp, AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy, same_host
from wire.diameter.commands import COMMANDS, ERROR_ANSWER
from wire.diameter.dictionary import key_of
from wire.diameter.grammar import ANYTHING, check
from wire.diameter.groups import GROUPS
from wire.diameter.layouts import FamiliarAvps, Layouts
from wire.diameter.message import Message
from wire.diameter.results import ResultCode, is_success
from wire.frozen import dataclass

_ORIGIN_HOST, _ROUTE_RECORD = key_of("Origin-Host"), key_of("Route-Record")
_DESTINATION_HOST, _DESTINATION_REALM = key_of("Destination-Host"), key_of("Destination-Realm")


@dataclass(frozen=True, slots=True)
class Admission:
    """The rules of one connection: this node, the peer, and the applications that both have."""

    local: LocalNode
    policy: PeerPolicy
    common: frozenset[int]
    _layouts: Layouts = field(default_factory=Layouts, init=False, compare=False, repr=False)

    def read(self, octets: bytes) -> Message:
        """The one whole message in `octets`, whether or not it is to be admitted; AvpFault as Message.parse."""
        return self._layouts.read(octets) or Message.parse(octets)

    def admit(self, request: Message) -> None:
        """AvpFault with the Result-Code of the answer unless `request` may be served.

        3007 and 3001 for what is not spoken here, what the grammar finds, 5004 for a foreign Origin-Host or another
        Application-Id than the header's, and 3005, 3002, 3003 for what is meant for another node.
        """
        avps = request.avps
        if type(avps) is FamiliarAvps and avps.layout.of is self._layouts:
            return
        if request.application and request.application not in self.common:
            raise AvpFault(8, f"application {request.application}", ResultCode.APPLICATION_UNSUPPORTED)
        command = COMMANDS.get((request.application, request.command))
        if command is None:
            raise AvpFault(5, f"command {request.command}", ResultCode.COMMAND_UNSUPPORTED)
        firsts = request.firsts
        check(command.request, request.avps, groups=GROUPS, firsts=firsts)
        if request.application:
            check_application_ids(request.application, firsts)
        self._check_origin(request, firsts)
        self._check_destination(firsts)
        self._layouts.met(request)

    def _check_origin(self, request: Message, firsts: Mapping[tuple[int, int], Avp]) -> None:
        named = firsts.get(_ORIGIN_HOST)
        if named is not None and not self.policy.agent and not _names(named, self.policy.origin_host):
            host = named.data.decode("ascii", "replace")
            reason = f"Origin-Host {host!r} from the peer {self.policy.origin_host!r}"
            raise AvpFault(named.offset, reason, ResultCode.INVALID_AVP_VALUE, (named,))
        if _ROUTE_RECORD in firsts:
            for avp in request.avps:
                if (avp.code, avp.vendor) == _ROUTE_RECORD and _names(avp, self.local.origin_host):
                    raise AvpFault(avp.offset, "our own Route-Record", ResultCode.LOOP_DETECTED, (avp,))

    def _check_destination(self, firsts: Mapping[tuple[int, int], Avp]) -> None:
        host, realm, local = firsts.get(_DESTINATION_HOST), firsts.get(_DESTINATION_REALM), self.local
        if host is not None:
            # RFC 6733 §6.1.4: with it the realm does not count
            if not _names(host, local.origin_host):
                raise AvpFault(host.offset, "Destination-Host is another node", ResultCode.UNABLE_TO_DELIVER)
        elif realm is not None and not any(_names(realm, ours) for ours in (local.origin_realm, *local.realms)):
            raise AvpFault(realm.offset, "Destination-Realm is not ours", ResultCode.REALM_NOT_SERVED)


def check_answer(answer: Message) -> None:
    """AvpFault unless `answer` has a readable result and, when it reports success, the format of its command."""
    command = COMMANDS.get((answer.application, answer.command))
    code = answer.result_code
    rules = (
        ERROR_ANSWER if answer.is_error or command is None or code is None or not is_success(code) else command.answer
    )
    if code is None and answer.first("Experimental-Result") is not None:
        rules = ANYTHING
    check(rules, answer.avps, groups=GROUPS, firsts=answer.firsts)


def _names(avp: Avp, host: str) -> bool:
    # the grammar has read it as text
    return same_host(avp.text or avp.data.decode("ascii", "replace"), host)
