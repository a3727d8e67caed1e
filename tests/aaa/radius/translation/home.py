"""A Diameter server of another realm, on a real socket."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any

from aaa.radius.translation.config import DiameterServerConfig
from runtime.config import SocketAddress
from runtime.diameter.server import DiameterServer
from runtime.diameter.settings import Limits
from tests.aaa.radius.samples import MSK
from wire.diameter.accounting import ACCOUNTING_COMMAND, AccountingAnswer, AccountingRequest
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy
from wire.diameter.command import Identity
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.message import Message
from wire.diameter.sessions import SessionCommand, SessionTerminationAnswer, SessionTerminationRequest

AAA = Identity("aaa.example", "example")
REALM = "partner.example"
CHALLENGE = bytes.fromhex("0108000517")
SUCCESS = bytes.fromhex("03080004")


@dataclass
class Home:
    """Challenges whoever brings no State of its own and accepts the rest; `changes` are what its DEAs say instead.

    `accounts` is the Result-Code of its ACA; without it there is no accounting.
    """

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    ends: int = 2001
    ended: list[SessionTerminationRequest] = field(default_factory=list)
    asked: list[DiameterEapRequest] = field(default_factory=list)
    accounts: int | None = None
    accounted: list[AccountingRequest] = field(default_factory=list)
    node: DiameterServer | None = None
    address: SocketAddress = field(default_factory=lambda: SocketAddress("127.0.0.1", 0))

    async def serve(self, _peer: str, message: Message) -> Message:
        """One DER, STR or ACR."""
        if message.command == ACCOUNTING_COMMAND:
            return self._account(message)
        if message.command == SessionCommand.SESSION_TERMINATION:
            self.ended.append(SessionTerminationRequest.parse(message))
            return SessionTerminationAnswer(
                session_id=self.ended[-1].session_id, origin_host=self.host, origin_realm=REALM, result_code=self.ends
            ).message(message)
        der = DiameterEapRequest.parse(message)
        self.asked.append(der)
        is_last = bool(der.states)
        dea = DiameterEapAnswer(
            session_id=der.session_id,
            auth_application_id=Application.EAP,
            auth_request_type=der.auth_request_type,
            origin_host=self.host,
            origin_realm=REALM,
            result_code=2001 if is_last else 1001,
            eap_payload=SUCCESS if is_last else CHALLENGE,
            eap_master_session_key=MSK if is_last else None,
            user_name=self.name if is_last else None,
            states=() if is_last else (b"sealed",),
        )
        return replace(dea, **self.changes).message(message)

    def _account(self, message: Message) -> Message:
        acr = AccountingRequest.parse(message)
        self.accounted.append(acr)
        return AccountingAnswer(
            session_id=acr.session_id,
            origin_host=self.host,
            origin_realm=REALM,
            result_code=self.accounts,
            accounting_record_type=acr.accounting_record_type,
            accounting_record_number=acr.accounting_record_number,
        ).message(message)

    @property
    def applications(self) -> tuple[Application, ...]:
        """What it speaks."""
        return (Application.EAP, *((Application.BASE_ACCOUNTING,) if self.accounts is not None else ()))

    @property
    def host(self) -> str:
        """Its Origin-Host."""
        return f"{self.name}.{REALM}"

    def config(self, *, agent: bool = False, accounting: bool = False) -> DiameterServerConfig:
        """How it is asked."""
        return DiameterServerConfig(
            name=self.name,
            address=self.address,
            origin_host=self.host,
            realm=REALM,
            agent=agent,
            accounting=accounting,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Home"]:
        """For as long as it is needed."""
        chance = random.Random(4072)
        us = PeerPolicy(
            "aaa", AAA.origin_host, AAA.origin_realm, (ip_network("127.0.0.0/8"),), self.applications, connections=4
        )
        server = DiameterServer(
            local=LocalNode(self.host, REALM, self.applications),
            peers=[us],
            handler=self.serve,
            random=chance.randbytes,
            wall_clock=0.0,
            limits=Limits(seconds_to_close=0.1),
        )
        self.node = server
        self.address = SocketAddress(*await server.listen("127.0.0.1", 0))
        try:
            yield self
        finally:
            await server.close()
