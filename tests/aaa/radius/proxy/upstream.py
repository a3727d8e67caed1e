"""A RADIUS server of another realm, on a real socket."""

from pathlib import Path

from aaa.radius.proxy.config import HomeServerConfig
from runtime.config import SocketAddress
from runtime.taps import Address
from runtime.udp import UdpEndpoint
from wire.radius.codec import parse_packet
from wire.radius.messages import reply
from wire.radius.packet import Attribute, Code
from wire.secret import Secret

HOME = Secret(b"between proxy and home")


class Upstream:
    """Accepts everybody while it `lives`, or rejects, or challenges; Class, or State, says its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lives = True
        self.rejects = False
        self.challenges = False
        self.asked: list[int] = []
        self.endpoint = UdpEndpoint.bind(("127.0.0.1", 0), self._take)

    def _take(self, octets: bytes, source: Address) -> None:
        packet = parse_packet(octets)
        self.asked.append(packet.code)
        if not self.lives:
            return
        accounts = packet.code == Code.ACCOUNTING_REQUEST
        judged = Code.ACCESS_REJECT if self.rejects else Code.ACCESS_ACCEPT
        judged = Code.ACCESS_CHALLENGE if self.challenges and packet.code == Code.ACCESS_REQUEST else judged
        code = Code.ACCOUNTING_RESPONSE if accounts else judged
        said = Attribute.of("State" if code == Code.ACCESS_CHALLENGE else "Class", self.name.encode())
        attributes = [] if accounts else [said]
        self.endpoint.send(reply(packet, code, secret=HOME, attributes=attributes), source)

    def config(self, folder: Path, *, acct: bool = True, accounts: "Upstream | None" = None) -> HomeServerConfig:
        """How it is asked, quickly given up; `accounts` is its other port, if that is not the same."""
        secret = folder / "home.secret"
        secret.write_bytes(HOME)
        secret.chmod(0o600)
        address = SocketAddress(*self.endpoint.local)
        return HomeServerConfig(
            name=self.name,
            auth=address,
            acct=SocketAddress(*(accounts or self).endpoint.local) if acct else None,
            secret_file=secret,
            window=0.1,
            misses=2,
            probe_every=0.05,
        )
