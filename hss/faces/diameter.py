"""Everything that one HSS process does over Diameter: SWx, S6a, policies, and notices for AAA servers."""

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from hss.config import APPLICATIONS, HssConfig, HssPeerConfig
from hss.faces.s6a_server import S6aServer
from hss.faces.swx_server import SwxServer
from hss.policy.gatekeeper import Gatekeeper
from hss.policy.learning import Learning
from hss.policy.proposal_file import PolicyFile
from hss.policy.rules import PeerPolicies, PeerRule
from hss.service import HssService
from hss.store.database import Database
from hss.telling.notice_sender import NoticeSender
from hss.telling.routes import Routes
from runtime.capture import open_capture
from runtime.diameter.server import DiameterServer
from runtime.logs import get_logger
from runtime.taps import Address
from wire.diameter.applications import Application
from wire.diameter.capabilities import LocalNode, PeerPolicy

log = get_logger("hss.policy")


class Faces:
    """Listens from `open` to `close`, inside a running loop; `database` is the one that `service` stands on."""

    def __init__(
        self,
        config: HssConfig,
        database: Database,
        service: HssService,
        *,
        capture_folder: Path | None,
        config_path: Path,
    ) -> None:
        started = int(time.time())
        local = LocalNode(
            config.origin_host,
            config.origin_realm,
            tuple(APPLICATIONS.values()),
            origin_state_id=started & 0xFFFFFFFF,
        )
        self._config = config
        learns = config.policy == "learn"
        learning = Learning({number: name for name, number in APPLICATIONS.items()}) if learns else None
        peers = [peer_policy(peer, learns=learns) for peer in config.peer]
        routes = Routes(peers, lambda: self._server.connected)
        gatekeeper = Gatekeeper(
            {
                Application.SWX: SwxServer(service, local.identity).serve,
                Application.S6A: S6aServer(service, local.identity).serve,
            },
            PeerPolicies(peer_rule(peer) for peer in config.peer),
            learning=learning,
            routes=routes,
            clock=asyncio.get_running_loop().time,
            vectors_max=config.vectors_max,
        )
        self._tap = open_capture(capture_folder, "hss")
        self._server = DiameterServer(
            local=local,
            peers=peers,
            handler=gatekeeper.serve,
            random=os.urandom,
            wall_clock=float(started),
            capture=self._tap,
        )
        self._notices = NoticeSender(
            database, self._server, routes, identity=local.identity, started=started, now=lambda: datetime.now(UTC)
        )
        self._policy_file = None if learning is None else PolicyFile(learning, config_path.parent)
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> Address:
        """Listen, and begin to tell what waits; the first address."""
        config = self._config
        address, *_ = [await self._server.listen(*one) for one in (config.swx, *config.more_swx)]
        self._tasks.append(asyncio.create_task(self._notices.run()))
        if self._policy_file is not None:
            log.warning("policy learns", cause='nothing is refused by it until policy = "enforce"')
            self._tasks.append(asyncio.create_task(self._policy_file.run()))
        return address

    def wake(self) -> None:
        """Tell AAA servers at once: something has been changed in this process."""
        self._notices.wake()

    async def close(self) -> None:
        """Let every peer know, and write what was learnt."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.close()
        if self._policy_file is not None:
            self._policy_file.write()
        self._tap.close()


def peer_policy(peer: HssPeerConfig, *, learns: bool) -> PeerPolicy:
    """Who the peer is, and what it may speak: while it `learns`, all that the HSS serves."""
    named = tuple(APPLICATIONS[name] for name in peer.applications)
    return PeerPolicy(
        name=peer.name,
        origin_host=peer.origin_host,
        origin_realm=peer.origin_realm,
        networks=peer.addresses,
        applications=tuple(APPLICATIONS.values()) if learns else named,
        agent=peer.agent,
        connections=peer.connections,
    )


def peer_rule(peer: HssPeerConfig) -> PeerRule:
    """What the peer may ask; where realms are named, its own is one of them."""
    realms = {realm.lower() for realm in (*peer.realms, peer.origin_realm)} if peer.realms else set()
    return PeerRule(
        name=peer.name,
        applications=frozenset(APPLICATIONS[name] for name in peer.applications),
        realms=frozenset(realms),
        imsi_prefixes=peer.imsi_prefixes,
        vectors_per_minute=peer.vectors_per_minute,
    )
