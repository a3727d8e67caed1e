"""Whether a request may be served here, and how it is refused if not (RFC 6733 §6.1, §7.1.3, §7.1.5)."""

from wire.diameter.avp import Avp, AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy, same_host
from wire.diameter.commands import COMMANDS, ERROR_ANSWER
from wire.diameter.dictionary import by_name
from wire.diameter.grammar import ANYTHING, check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.results import ResultCode, is_success
from wire.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Admission:
    """The rules of one connection: this node, the peer, and the applications that both have."""

    local: LocalNode
    policy: PeerPolicy
    common: frozenset[int]

    def admit(self, request: Message) -> None:
        """AvpFault with the Result-Code of the answer unless `request` may be served.

        3007 and 3001 for what is not spoken here, what the grammar finds, 5004 for a foreign Origin-Host, and 3005,
        3002, 3003 for what is meant for another node.
        """
        if request.application and request.application not in self.common:
            raise AvpFault(8, f"application {request.application}", ResultCode.APPLICATION_UNSUPPORTED)
        command = COMMANDS.get((request.application, request.command))
        if command is None:
            raise AvpFault(5, f"command {request.command}", ResultCode.COMMAND_UNSUPPORTED)
        check(command.request, request.avps, groups=GROUPS)
        self._check_origin(request)
        self._check_destination(request)

    def _check_origin(self, request: Message) -> None:
        named = request.first("Origin-Host")
        if named is not None and not self.policy.agent:
            host = named.data.decode("ascii", "replace")
            if not same_host(host, self.policy.origin_host):
                reason = f"Origin-Host {host!r} from the peer {self.policy.origin_host!r}"
                raise AvpFault(named.offset, reason, ResultCode.INVALID_AVP_VALUE, (named,))
        for avp in request.avps:
            if (avp.code, avp.vendor) == _ROUTE_RECORD and _names(avp, self.local.origin_host):
                raise AvpFault(avp.offset, "our own Route-Record", ResultCode.LOOP_DETECTED, (avp,))

    def _check_destination(self, request: Message) -> None:
        host, realm = request.first("Destination-Host"), request.first("Destination-Realm")
        if host is not None and not _names(host, self.local.origin_host):
            raise AvpFault(host.offset, "Destination-Host is another node", ResultCode.UNABLE_TO_DELIVER)
        if realm is not None and not _names(realm, self.local.origin_realm):
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
    check(rules, answer.avps, groups=GROUPS)


def _definition(name: str) -> tuple[int, int]:
    definition = by_name(name)
    return definition.code, definition.vendor


_ROUTE_RECORD = _definition("Route-Record")


def _names(avp: Avp, host: str) -> bool:
    return same_host(avp.data.decode("ascii", "replace"), host)
