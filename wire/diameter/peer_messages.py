"""The messages that a peer machine makes itself, and which answers it waits for (RFC 6733 §5.3 to §5.5)."""

from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import IpAddress, LocalNode, advertise
from wire.diameter.command import error_answer
from wire.diameter.commands import COMMANDS
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.peering import (
    DeviceWatchdogAnswer,
    DeviceWatchdogRequest,
    DisconnectPeerAnswer,
    DisconnectPeerRequest,
    PeerCommand,
)
from wire.diameter.results import ResultCode
from wire.diameter.transactions import Identifiers


class PeerMessages:
    """Makes CER, DWR, DPR and the answers to DWR and DPR; remembers the Hop-by-Hop Identifiers that are out."""

    def __init__(self, local: LocalNode, identifiers: Identifiers) -> None:
        self._local = local
        self._identifiers = identifiers
        self._out: dict[int, int] = {}

    def capabilities_request(self, address: IpAddress) -> Message:
        """CER for a connection whose near end is `address`."""
        return self._numbered(advertise(self._local, (address,)).message())

    def watchdog_request(self) -> Message:
        """DWR."""
        return self._numbered(
            DeviceWatchdogRequest(
                origin_host=self._local.origin_host,
                origin_realm=self._local.origin_realm,
                origin_state_id=self._local.origin_state_id,
            ).message()
        )

    def disconnect_request(self, cause: DisconnectCause) -> Message:
        """DPR."""
        return self._numbered(
            DisconnectPeerRequest(
                origin_host=self._local.origin_host, origin_realm=self._local.origin_realm, disconnect_cause=cause
            ).message()
        )

    def answer(self, request: Message) -> Message:
        """DWA or DPA: success, or what is wrong with the request."""
        host, realm = self._local.origin_host, self._local.origin_realm
        try:
            check(COMMANDS[0, request.command].request, request.avps, groups=GROUPS)
        except AvpFault as fault:
            return error_answer(request, self._local.identity, fault.result, failed=fault.failed, reason=fault.reason)
        if request.command == PeerCommand.DEVICE_WATCHDOG:
            return DeviceWatchdogAnswer(
                result_code=ResultCode.SUCCESS,
                origin_host=host,
                origin_realm=realm,
                origin_state_id=self._local.origin_state_id,
            ).message(request)
        return DisconnectPeerAnswer(result_code=ResultCode.SUCCESS, origin_host=host, origin_realm=realm).message(
            request
        )

    def expected(self, answer: Message) -> bool:
        """Whether `answer` is to one of ours; each is expected once (RFC 6733 §3: any other is discarded)."""
        if self._out.get(answer.command) != answer.hop_by_hop:
            return False
        del self._out[answer.command]
        return True

    def forget(self) -> None:
        """The connection is gone, and every answer with it."""
        self._out.clear()

    def _numbered(self, request: Message) -> Message:
        numbered = self._identifiers.number(request)
        self._out[request.command] = numbered.hop_by_hop
        return numbered
