"""What to do with a packet on the accounting port: keep, repeat, answer at once, or keep silent.

RFC 2866 §2, §4.1, RFC 5080 §2.2.2, RFC 5997 §4.2.
"""

from datetime import datetime

from aaa.radius.accounting.record import to_record
from aaa.radius.bookkeeping import Bookkeeping
from aaa.radius.chargeable import Chargeable
from aaa.radius.clients import ClientTable, RadiusClient
from aaa.radius.decisions import Discard, Forward, Repeat, Send, answer_status, within_policy
from aaa.radius.duplicates import DuplicateCache, RequestKey, Source
from aaa.radius.proxy.routes import Routes
from hss.session_api import AccountingRecord
from wire.errors import DecodeError
from wire.frozen import dataclass
from wire.radius.messages import reply
from wire.radius.packet import Code, RadiusPacket, is_genuine_request


@dataclass(frozen=True, slots=True, eq=False)
class Keep:
    """Put `record` into the ledger, then call `AccountingFront.answer`, or `AccountingFront.abandon`."""

    key: RequestKey
    client: RadiusClient
    packet: RadiusPacket
    record: AccountingRecord


Decision = Discard | Repeat | Send | Keep | Forward


class AccountingFront(Bookkeeping):
    """Decides without sockets and without the ledger."""

    def __init__(
        self,
        clients: ClientTable,
        *,
        duplicates: DuplicateCache,
        max_in_progress: int = 2000,
        routes: Routes | None = None,
        chargeable: Chargeable | None = None,
    ) -> None:
        super().__init__(clients, duplicates=duplicates, max_in_progress=max_in_progress, routes=routes)
        self._chargeable = chargeable

    def receive(
        self, octets: bytes, source: Source, now: float, moment: datetime, client: RadiusClient | None = None
    ) -> Decision:
        """Decide about one packet from `source` at `moment`; `client` is known where a connection has proved it."""
        admitted = self._admitted(octets, source, client)
        if isinstance(admitted, Discard):
            return admitted
        client, packet = admitted
        match packet.code:
            case Code.ACCOUNTING_REQUEST if is_genuine_request(packet.wire, client.secret):
                return self._account(packet, client, source, now, moment)
            case Code.ACCOUNTING_REQUEST:
                cause = "Request Authenticator is wrong; does the client have another secret?"
                return Discard(cause, client.name, is_unproven=True)
            case Code.STATUS_SERVER:
                return answer_status(packet, client, Code.ACCOUNTING_RESPONSE)
            case code:
                return Discard("this port serves no such code", client.name, f"code {code}")

    def answer(self, keeping: Keep) -> bytes | None:
        """The Accounting-Response to a record that is kept; None when the client has moved on."""
        octets = reply(keeping.packet, Code.ACCOUNTING_RESPONSE, secret=keeping.client.secret)
        return octets if self._settled(keeping.key, octets) else None

    def abandon(self, keeping: Keep | Forward) -> None:
        """It was not kept: no answer, so that the client sends it again (RFC 2866 §2)."""
        if isinstance(keeping, Forward):
            self._abandon_forward(keeping)
        else:
            self._abandoned(keeping.key)

    def _account(
        self, packet: RadiusPacket, client: RadiusClient, source: Source, now: float, moment: datetime
    ) -> Decision:
        refused = within_policy(client, "acct", self._limits, now)
        if refused is not None:
            return refused
        key = RequestKey((source, packet.identifier, packet.code), packet.authenticator)
        repeated = self._seen(key, now)
        if repeated is not None:
            return repeated
        if self._in_progress >= self._max_in_progress:
            return Discard("too many requests in progress", client.name)
        decision = self._destination(packet, client, source, key, moment)
        if isinstance(decision, Forward):
            return self._begin_forward(decision, now)
        if isinstance(decision, Keep):
            self._begin(key, now)
        return decision

    def _destination(
        self, packet: RadiusPacket, client: RadiusClient, source: Source, key: RequestKey, moment: datetime
    ) -> Decision:
        realm = None if self._routes is None else self._routes.find(packet)
        # of ours the user may be called as the Access-Accept calls him, in a realm that his UE has never said
        if realm is not None and not client.policy.serves_realm(packet):
            return Discard("the client may not ask for this realm", client.name)
        if realm is not None and realm.servers and self._routes is not None:
            if self._routes.has_been_here(packet):
                return Discard("the request has been here before: a loop of proxies", client.name)
            return Forward(key, client, packet, packet.wire, realm)
        try:
            return Keep(key, client, packet, to_record(packet, client.name, source[0], moment, self._chargeable))
        except DecodeError as error:
            return Discard("the record cannot be kept", client.name, error.reason)
