"""The sessions of the gateway: which IKE SA has which Home Address and which security associations (RFC 4877 §4.3)."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from pdngw_proxy.aaa_link.port import Marks
from pdngw_proxy.aaa_link.records import EndedBy
from pdngw_proxy.addresses import Lease
from pdngw_proxy.traffic import Traffic
from wire.ikev2.association import Association, outbound_of
from wire.ikev2.child import Mode
from wire.ikev2.nat import Endpoint


@dataclass(slots=True)
class GatewaySession:
    """One UE. `sa` is our SPI of its IKE SA, `name` what the AAA server calls the session.

    `peer` and `local` are where its ESP goes, from and to; `registers_at` is which IPv4 address of ours its Binding
    Updates come to. `associations` are its Child SAs by our inbound SPI, and `worn` those of them for which a successor
    was asked.
    `exhausted`: one of them has sent its last sequence number, and the session is being closed for it. `ending` is why
    the session ends as soon as its binding has, or None. `began` is when its UE was authenticated, `told` when
    accounting was last told of it, `until` when the time that the AAA server gave it is over, `ended_by` who is about
    to end it; `chargeable` is what the AAA server calls its user each time, `apn` what the UE asked for,
    `ipv4_home_address` what it was given last.
    """

    sa: bytes
    name: str
    local: Endpoint
    peer: Endpoint
    identity: str = ""
    user_name: str | None = None
    chargeable: str | None = None
    accepted: bool = False
    exhausted: bool = False
    ending: str | None = None
    lease: Lease | None = None
    apn: str | None = None
    began: float | None = None
    told: float | None = None
    until: float | None = None
    ipv4_home_address: IPv4Address | None = None
    registers_at: IPv4Address | None = None
    ended_by: EndedBy | None = None
    traffic: Traffic = field(default_factory=Traffic)
    associations: dict[int, Association] = field(default_factory=dict)
    worn: set[int] = field(default_factory=set)

    @property
    def is_plain(self) -> bool:
        """Whether it has a tunnel and no SA for Binding Updates: remote access without mobility (RFC 7296 §1.1.3)."""
        return self.outbound(Mode.TUNNEL) is not None and self.outbound(Mode.TRANSPORT) is None

    def fits(self, marks: Marks) -> bool:
        """Whether all `marks` are its own.

        By its name it is known without where it is: a UE moves, and the AAA server may have heard of that or not. Whose
        it is has to be right all the same (RFC 5176 §6.1).
        """
        whose = (marks.user_name, {self.user_name, self.identity}), (marks.chargeable, {self.chargeable})
        if marks.session is not None:
            where: tuple[tuple[str | None, set[str | None]], ...] = ((marks.session, {self.name}),)
        else:
            home = None if self.lease is None else str(self.lease.home_address)
            ipv4 = None if self.ipv4_home_address is None else str(self.ipv4_home_address)
            where = (
                (marks.home_address, {home}),
                (marks.ipv4_home_address, {ipv4}),
                (marks.care_of, {str(self.peer.address)}),
                (marks.apn, {self.apn}),
            )
        return all(said is None or said in own for said, own in (*whose, *where))

    def outbound(self, mode: Mode, packet: bytes = b"") -> Association | None:
        """The Child SA to send through in this mode, a tunnel for the inner `packet`; or None."""
        return outbound_of(self.associations.values(), mode, packet)


class SessionBook:
    """Every session by IKE SA, by name, by inbound SPI, by Home Address and by subscriber."""

    def __init__(self) -> None:
        self._by_sa: dict[bytes, GatewaySession] = {}
        self._by_name: dict[str, GatewaySession] = {}
        self._by_spi: dict[int, GatewaySession] = {}
        self._by_home: dict[IPv6Address, GatewaySession] = {}
        self._by_subscriber: dict[str, GatewaySession] = {}

    def __len__(self) -> int:
        return len(self._by_sa)

    def all(self) -> list[GatewaySession]:
        """Every session, the oldest first."""
        return list(self._by_sa.values())

    def open(self, session: GatewaySession) -> None:
        """A UE has begun to authenticate."""
        self._by_sa[session.sa] = session
        self._by_name[session.name] = session

    def of_name(self, name: str) -> GatewaySession | None:
        """The session that the AAA server calls so, or None."""
        return self._by_name.get(name)

    def of_marks(self, marks: Marks) -> list[GatewaySession]:
        """Those that `marks` fit; without a name among them it looks at all that were accepted."""
        if marks.session is None:
            return [one for one in self._by_sa.values() if one.accepted and one.fits(marks)]
        found = self._by_name.get(marks.session)
        return [] if found is None or not found.fits(marks) else [found]

    def of_sa(self, sa: bytes) -> GatewaySession | None:
        """The session of an IKE SA, or None."""
        return self._by_sa.get(sa)

    def of_spi(self, spi: int) -> GatewaySession | None:
        """The session of one of our inbound SPIs, or None."""
        return self._by_spi.get(spi)

    def of_peer(self, peer: Endpoint) -> GatewaySession | None:
        """A session whose authenticated UE is at `peer`, or None; it looks at all of them."""
        return next((one for one in self._by_sa.values() if one.peer == peer and one.began is not None), None)

    def of_home(self, home_address: IPv6Address) -> GatewaySession | None:
        """The session that has a Home Address now, or None."""
        return self._by_home.get(home_address)

    def of_subscriber(self, identity: str) -> GatewaySession | None:
        """The session in which a Lease of this identity is held now, or None."""
        return self._by_subscriber.get(identity)

    def displaced_by(self, lease: Lease, session: GatewaySession) -> list[GatewaySession]:
        """The other sessions of the subscriber, and at the Home Address, that this session is to have from now on."""
        found = (self._by_subscriber.get(lease.identity), self._by_home.get(lease.home_address))
        others = {one.sa: one for one in found if one is not None and one is not session}
        return list(others.values())

    def lease(self, session: GatewaySession, lease: Lease) -> None:
        """The Home Address is this session's from now on, and no older one's."""
        session.lease = lease
        self._by_home[lease.home_address] = session
        self._by_subscriber[lease.identity] = session

    def install(self, session: GatewaySession, association: Association) -> None:
        """A Child SA of the session is ready."""
        spi = association.child.spi_in
        session.associations[spi] = association
        self._by_spi[spi] = session

    def retire(self, session: GatewaySession, spi: int) -> None:
        """A Child SA of the session is being deleted, and nothing is sent through it any more."""
        if spi in session.associations:
            session.associations[spi].retired = True

    def remove(self, session: GatewaySession, spi: int) -> None:
        """A Child SA of the session is gone."""
        session.associations.pop(spi, None)
        session.worn.discard(spi)
        self._by_spi.pop(spi, None)

    def close(self, session: GatewaySession) -> None:
        """The session is over, and nothing of it is found any more."""
        for spi in list(session.associations):
            self.remove(session, spi)
        self._by_sa.pop(session.sa, None)
        self._by_name.pop(session.name, None)
        if session.lease is None:
            return
        if self._by_home.get(session.lease.home_address) is session:
            del self._by_home[session.lease.home_address]
        if self._by_subscriber.get(session.lease.identity) is session:
            del self._by_subscriber[session.lease.identity]
