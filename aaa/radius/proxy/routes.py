"""Which realm is whose, whether a request has been here before, and which server is asked first."""

import hashlib
from collections.abc import Iterable

from aaa.radius.policy import realm_of
from aaa.radius.proxy.config import RealmConfig
from wire.radius.packet import RadiusPacket

MARK_LENGTH = 8


class Routes:
    """The realms that are not ours; `node` is our name, by which our own Proxy-State is known again."""

    def __init__(self, realms: Iterable[RealmConfig], node: str) -> None:
        self._realms = {one.realm.lower(): one for one in realms}
        self.mark = hashlib.sha256(b"akadia proxy " + node.encode()).digest()[:MARK_LENGTH]

    def find(self, packet: RadiusPacket) -> RealmConfig | None:
        """The realm that `packet` is for; None when it is for us."""
        realm = realm_of(packet) if self._realms else None
        if realm is None:
            return None
        found = self._realms.get(realm)
        above = realm
        while found is None and "." in above:
            above = above.partition(".")[2]
            found = self._realms.get(f"*.{above}")
        return found

    def has_been_here(self, packet: RadiusPacket) -> bool:
        """Whether one of its Proxy-State is ours: then realms are configured in a circle."""
        return any(value.startswith(self.mark) for value in packet.values("Proxy-State"))


def in_order(servers: list[str], packet: RadiusPacket, choose: str) -> list[str]:
    """The servers in the order in which they are asked.

    With "balance" each user has an order of his own, in which all rounds of one EAP conversation begin with the same
    server. One that dies or comes back moves nobody else, whichever process has noticed that already.
    """
    if choose != "balance":
        return servers
    who = b"".join([*packet.values("User-Name")[:1], *packet.values("Calling-Station-Id")[:1]])
    return sorted(servers, key=lambda name: hashlib.sha256(name.encode() + b"\0" + who).digest())
