"""The translation agent: Access-Requests of other realms' users to those realms' Diameter servers (RFC 6733 §2.8.4)."""

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from aaa.radius.clients import RadiusClient
from aaa.radius.proxy.config import RealmConfig
from aaa.radius.proxy.rejections import Rejections
from aaa.radius.translation.accounting import RECORD_TYPES, is_final, to_acr
from aaa.radius.translation.answer import (
    FOR_ANOTHER_SERVER,
    Replying,
    Translated,
    goes_on,
    refused,
    to_accept,
    to_challenge,
    to_reject,
)
from aaa.radius.translation.asked import AskedByServers, Ledger, Nas
from aaa.radius.translation.config import DiameterServerConfig
from aaa.radius.translation.conversation import Conversation, Conversations
from aaa.radius.translation.request import to_der
from hss.session_api import AccountingRecord
from runtime.config import ConfigError
from runtime.diameter.client import DiameterClient
from runtime.diameter.pool import DiameterPool
from runtime.diameter.settings import DiameterUnavailable, Handler
from runtime.diameter.throttle import Requester, ThrottledClient
from runtime.logs import get_logger
from runtime.radius.requests import RadiusUnavailable
from runtime.taps import StreamTap
from runtime.tls import client_context
from wire.diameter.accounting import AccountingAnswer
from wire.diameter.applications import Application
from wire.diameter.avp import AvpFault
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.enumerations import TerminationCause
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.diameter.sessions import SessionTerminationAnswer, SessionTerminationRequest
from wire.errors import DecodeError
from wire.radius.packet import RadiusPacket
from wire.sansio import RandomBytes

log = get_logger("aaa.radius.translation")

CONNECTED_WITHIN = 2.0
"""Seconds that a request waits for a connection; then its client asks again."""

Group = tuple[str, ...]
"""The names of servers that stand for each other."""


class TranslationAgent:
    """Realms and who is asked for each: `groups` by the names that their realms give, with their Destination-Realm.

    The groups of `accounting` hear as well what their users have used.
    """

    def __init__(
        self,
        identity: Identity,
        groups: dict[Group, tuple[Requester, str]],
        conversations: Conversations,
        random: RandomBytes,
        accounting: Collection[Group] = (),
        rejections: Rejections | None = None,
    ) -> None:
        self._rejections = rejections or Rejections()
        self._identity = identity
        self._accounting = accounting
        self._groups = groups
        self._conversations = conversations
        self._random = random
        self._asked: AskedByServers | None = None

    def obey(self, ledger: Ledger, nas: Nas, moment: Callable[[], datetime]) -> None:
        """Let ASR and RAR reach the sessions that `ledger` has of accounting, by `nas`; `moment` is now, in UTC."""
        self._asked = AskedByServers(self._identity, self._conversations, ledger, nas, moment)

    async def serve(self, peer: str, message: Message) -> Message:
        """What a server asks of a session; without accounting nobody knows where one is (5012)."""
        if self._asked is None:
            raise AvpFault(0, "no accounting is kept here that says where a session is", ResultCode.UNABLE_TO_COMPLY)
        return await self._asked.serve(peer, message)

    @classmethod
    def of(
        cls,
        realms: Iterable[RealmConfig],
        servers: Sequence[DiameterServerConfig],
        *,
        identity: Identity,
        random: RandomBytes = secrets.token_bytes,
        capture: StreamTap | None = None,
        rejections: Rejections | None = None,
    ) -> "TranslationAgent | None":
        """What the configuration says, connecting from now on; None without a realm that is served over Diameter.

        Inside a running loop. ConfigError for servers that are not there, or cannot stand for each other.
        """
        wanted = _chosen(realms)
        if not wanted:
            return None
        known = {server.name: server for server in servers}
        chosen = {group: _checked(group, known, identity) for group in wanted}
        twice = [name for group in wanted for name in group if sum(name in other for other in wanted) > 1]
        if twice:
            raise ConfigError(f"[[aaa.radius.diameter_server]] {twice[0]} is in two lists; realms share a whole list")
        hosts = [server.origin_host for server in servers if not server.agent]
        groups: dict[Group, tuple[Requester, str]] = {}
        accounting = {group for group, members in chosen.items() if members[0].accounting}
        made = cls(identity, groups, Conversations(hosts, random), random, accounting, rejections)
        for group, members in chosen.items():
            alternate = len(members) > 1
            clients = [_client(one, identity, alternate, random, capture, made.serve) for one in members]
            pool = DiameterPool(clients, balance=wanted[group])
            groups[group] = (ThrottledClient(pool, random), members[0].realm)
            pool.start()
        return made

    async def forward(self, realm: RealmConfig, packet: RadiusPacket, client: RadiusClient) -> bytes:
        """The answer for `client` to `packet`, an Access-Request of `realm` that was admitted.

        RadiusUnavailable when no server has judged it; DecodeError when the DEA is malformed.
        """
        replying = Replying(packet, client.secret, self._random)
        try:
            conversation = self._conversation(packet)
            der = self._der(packet, conversation, client, realm)
        except DecodeError as error:
            translated, session = refused(replying, f"malformed attribute: {error.reason}"), ""
        else:
            dea = await self._ask(der, realm)
            translated, session = self._translated(dea, conversation, replying), der.session_id
        if translated.refusal is not None:
            self._rejections.tell(packet, client, realm.realm, translated.refusal, session)
        return translated.octets

    async def account(
        self, realm: RealmConfig, packet: RadiusPacket, client: RadiusClient, record: AccountingRecord
    ) -> bool:
        """Tell the realm's servers by ACR what `packet` says of their session; False where they are not to hear it.

        RadiusUnavailable when none of them has answered for it: the client is to say it again.
        """
        found = self._named_by(packet)
        if found is None or realm.diameter not in self._accounting or record.status not in RECORD_TYPES:
            return False
        requester, destination = self._groups[realm.diameter]
        try:
            acr = to_acr(packet, record, found, identity=self._identity, client=client.name, realm=destination)
            await requester.ready(CONNECTED_WITHIN)
            aca = AccountingAnswer.parse(await requester.request(acr.message()))
        except (DiameterUnavailable, DecodeError) as error:
            raise RadiusUnavailable(f"its Diameter servers: {error}") from None
        if not is_final(aca):
            raise RadiusUnavailable(f"its Diameter servers: ACA {aca.result}")
        if not aca.succeeded:
            about = {"client": client.name, "realm": realm.realm, "session": acr.session_id}
            log.warning("record refused by its Diameter server", cause=f"ACA {aca.result}", **about)
        return True

    async def end(self, realm: RealmConfig, packet: RadiusPacket, client: RadiusClient) -> None:
        """Tell the server by STR that the session which a Class of `packet` names is over; it never raises.

        What becomes of it is logged: the session is over here in any case.
        """
        found = self._named_by(packet)
        if found is None:
            return
        requester, destination = self._groups[realm.diameter]
        asked = SessionTerminationRequest(
            session_id=found.session_id(self._identity.origin_host, client.name),
            auth_application_id=Application.EAP,
            origin_host=self._identity.origin_host,
            origin_realm=self._identity.origin_realm,
            destination_realm=destination,
            destination_host=found.server or None,
            termination_cause=TerminationCause.LOGOUT,
        )
        cause = await _terminated(requester, asked)
        if cause is not None:
            about = {"client": client.name, "realm": realm.realm, "session": asked.session_id}
            log.warning("session not ended at its Diameter server", cause=cause, **about)

    async def close(self) -> None:
        """Take leave of every server."""
        for requester, _ in self._groups.values():
            await requester.close()

    def _named_by(self, packet: RadiusPacket) -> Conversation | None:
        return next(filter(None, map(self._conversations.read_class, packet.values("Class"))), None)

    def _conversation(self, packet: RadiusPacket) -> Conversation:
        state = packet.octets("State")
        return self._conversations.begin() if state is None else self._conversations.read_state(state)

    def _der(
        self, packet: RadiusPacket, conversation: Conversation, client: RadiusClient, realm: RealmConfig
    ) -> DiameterEapRequest:
        _, destination = self._groups[realm.diameter]
        return to_der(packet, conversation, identity=self._identity, client=client.name, realm=destination)

    async def _ask(self, der: DiameterEapRequest, realm: RealmConfig) -> DiameterEapAnswer:
        requester, _ = self._groups[realm.diameter]
        try:
            await requester.ready(CONNECTED_WITHIN)
            dea = DiameterEapAnswer.parse(await requester.request(der.message()))
        except DiameterUnavailable as error:
            raise RadiusUnavailable(f"its Diameter servers: {error.cause}") from None
        if dea.result_code in FOR_ANOTHER_SERVER:
            raise RadiusUnavailable(f"its Diameter servers: DEA {dea.result}")
        if dea.session_id not in {None, der.session_id}:
            raise RadiusUnavailable("its Diameter servers: the DEA is of another session")
        return dea

    def _translated(self, dea: DiameterEapAnswer, asking: Conversation, replying: Replying) -> Translated:
        answered = replace(asking, server=dea.origin_host, state=dea.states[0] if dea.states else None)
        if goes_on(dea):
            return to_challenge(dea, self._conversations.state(answered), replying)
        if dea.succeeded:
            return to_accept(dea, self._conversations.class_of(answered), replying)
        return to_reject(dea, replying)


async def _terminated(requester: Requester, asked: SessionTerminationRequest) -> str | None:
    """Why the session was not ended, None when it was."""
    try:
        await requester.ready(CONNECTED_WITHIN)
        ended = SessionTerminationAnswer.parse(await requester.request(asked.message()))
    except (DiameterUnavailable, DecodeError) as error:
        return str(error)
    # a Stop that comes once more ends nothing more, and one of a session that the server has forgotten nothing at all
    is_over = ended.succeeded or ended.result_code == ResultCode.UNKNOWN_SESSION_ID
    return None if is_over else f"STA {ended.result}"


def _chosen(realms: Iterable[RealmConfig]) -> dict[Group, bool]:
    """The lists of servers, and whether users are spread over them."""
    found: dict[Group, bool] = {}
    for realm in realms:
        balance = realm.choose == "balance"
        if realm.diameter and found.setdefault(realm.diameter, balance) is not balance:
            names = ", ".join(realm.diameter)
            raise ConfigError(f"[[aaa.radius.realm]] {realm.realm}: choose is one for all realms of {names}")
    return found


def _checked(
    group: Group, known: dict[str, DiameterServerConfig], identity: Identity
) -> tuple[DiameterServerConfig, ...]:
    missing = next((name for name in group if name not in known), None)
    if missing is not None:
        raise ConfigError(f"there is no [[aaa.radius.diameter_server]] {missing}; add it")
    members = tuple(known[name] for name in group)
    if len({member.realm.lower() for member in members}) > 1:
        raise ConfigError(f"[[aaa.radius.diameter_server]] {', '.join(group)} are of several realms, and in one list")
    if len({member.accounting for member in members}) > 1:
        names = ", ".join(group)
        raise ConfigError(
            f"[[aaa.radius.diameter_server]] {names}: in one list, accounting is true for all or for none"
        )
    ours = next((one for one in members if one.origin_host.lower() == identity.origin_host.lower()), None)
    if ours is not None:
        raise ConfigError(f"[[aaa.radius.diameter_server]] {ours.name} is this server itself: that is a loop")
    return members


def _client(
    server: DiameterServerConfig,
    identity: Identity,
    alternate: bool,
    random: RandomBytes,
    capture: StreamTap | None,
    serve: Handler,
) -> DiameterClient:
    tls = None if server.ca is None else client_context(ca=server.ca, certificate=server.certificate, key=server.key)
    applications = (Application.EAP, *((Application.BASE_ACCOUNTING,) if server.accounting else ()))
    return DiameterClient(
        local=LocalNode(identity.origin_host, identity.origin_realm, applications),
        peer=PeerPolicy(
            name=server.name,
            origin_host=server.origin_host,
            origin_realm=server.realm,
            applications=applications,
            agent=server.agent,
        ),
        address=server.address,
        random=random,
        tls=tls,
        capture=capture,
        handler=serve,
        alternate=alternate,
    )
