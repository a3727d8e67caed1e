"""The UE's ways to its PDN GW: the IKE SA in use, and what it takes to keep a NAT's mapping for it."""

from collections.abc import Iterator

from ue_sim.connection import Connection, EapDone, Gone, NoTunnel, TunnelReady
from ue_sim.eap.temporary import Kept
from ue_sim.ike import events as ike
from ue_sim.keepalive import Keepalives
from ue_sim.settings import UeSettings
from ue_sim.ue_events import Channel, EspKeysReady, Note, Send
from ue_sim.usim import Usim
from wire.esp.encapsulation import KEEPALIVE
from wire.ikev2.association import UNUSABLE
from wire.ikev2.nat import Endpoint
from wire.sansio import RandomBytes, Tick, is_due

LinkEffect = (
    Send | ike.IkeKeysReady | EapDone | ike.AddressAssigned | EspKeysReady | TunnelReady | NoTunnel | Gone | Note
)
Effects = Iterator[LinkEffect]


class Links:
    """What a UE has at its PDN GW; `kept` are the identities that the network gave it for the next time."""

    def __init__(self, *, settings: UeSettings, usim: Usim, random: RandomBytes) -> None:
        self._settings = settings
        self._usim = usim
        self._random = random
        self._keepalives = Keepalives(settings.keepalive_interval)
        self.kept = Kept()
        self.current: Connection | None = None

    @property
    def deadline(self) -> float | None:
        """The nearest deadline of any."""
        deadlines = [part.deadline for part in (self.current, self._keepalives) if part is not None]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def begin(self, connect: ike.Connect, now: float) -> Effects:
        """A new IKE SA, from the beginning."""
        self.current = Connection(settings=self._settings, usim=self._usim, random=self._random, kept=self.kept)
        yield from self.handle(connect, now)

    def handle(self, event: ike.InitiatorEvent, now: float) -> Effects:
        """Give the IKE SA an event; where there is none, nothing comes of it."""
        connection = self.current
        if connection is None:
            return
        for effect in connection.handle(event, now):
            if isinstance(effect, ike.Transmit):
                yield self._send(effect.octets, connection.gateway, now)
            else:
                yield effect
        if self.current is connection:
            self._keepalives.behind_nat = connection.behind_nat

    def tick(self, now: float) -> Effects:
        """Do what is due."""
        if is_due(self.current, now):
            yield from self.handle(Tick(), now)
        if self.current is not None and self._keepalives.is_due(now):
            yield self._send(KEEPALIVE, self.current.gateway, now)

    def through(self, packet: bytes, now: float) -> Send | Note:
        """A packet of the Home Address in ESP; SequenceExhausted when its tunnel has sent its last number."""
        tunnel = self.current.tunnel_for(packet) if self.current is not None else None
        if self.current is None or tunnel is None:
            return Note("no tunnel to send through")
        try:
            return self._send(tunnel.seal_tunnelled(packet), self.current.gateway, now)
        except UNUSABLE as error:
            return Note(f"not sent: {error}")

    def nat_detected(self, *, behind: bool) -> None:
        """The home agent says whether there is a NAT on the way (RFC 5555 §4.3)."""
        if self.current is not None:
            self.current.behind_nat = self._keepalives.behind_nat = behind

    def let_go(self) -> None:
        """Nothing is left of the IKE SA but what the network gave for the next time (RFC 4187 §4.1.1.7)."""
        self._keepalives.behind_nat = False
        if self.current is not None:
            self.kept = self.current.kept if self._settings.temporary_identities else Kept()
            self.current = None

    def _send(self, octets: bytes, to: Endpoint, now: float) -> Send:
        self._keepalives.sent(now)
        return Send(Channel.IKE, octets, to)
