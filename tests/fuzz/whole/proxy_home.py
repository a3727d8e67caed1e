"""A server of another realm without sockets: it judges what a proxy asks it, and lets others speak before it."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import cast

from aaa.radius.proxy.config import HomeServerConfig
from aaa.radius.proxy.home_server import HomeServer
from runtime.config import SocketAddress
from runtime.radius.identifiers import Slot
from runtime.radius.requests import RadiusRequests
from runtime.taps import Address
from runtime.udp import UdpEndpoint
from tests.fuzz.mutation import mutate
from tests.fuzz.whole.radius_packets import (
    ACCEPT,
    ACCOUNTING_REQUEST,
    ACCOUNTING_RESPONSE,
    CHALLENGE,
    MESSAGE_AUTHENTICATOR,
    PROXY_STATE,
    REJECT,
    STATUS_SERVER,
    attributes_of,
    is_protected,
    is_signed,
    mppe,
    opened_mppe,
    response,
    tlv,
)
from tests.fuzz.whole.server import Broken
from wire.radius.exchange import Timers
from wire.secret import Secret

SECRET = b"between proxy and home server"
WINDOW = 0.02
"""Seconds for which the proxy waits for an answer."""
MISSES = 3
_ADDRESS, _ELSEWHERE = ("192.0.2.99", 1812), ("192.0.2.98", 1812)
_TUNNEL_PASSWORD, _VENDOR, _CLASS = 69, 26, 25
_RECV_KEY = b"\0\0\1\x37\x11"

Attributes = Sequence[tuple[int, bytes]]


class Home:
    """What the proxy has asked, the answer that is the genuine one, and who speaks before it."""

    def __init__(self, chance: Random, mark: bytes) -> None:
        self._chance = chance
        self._mark = mark
        self._old: list[bytes] = []
        self._last = b""
        self._said: list[tuple[bytes, Address]] = []
        self.silent = False
        self.asked: list[Attributes] = []
        """The attributes of each request, without Message-Authenticator and the proxy's own Proxy-State."""
        self.answer: Attributes = ()
        """Of the last genuine answer, its key in the clear, without Proxy-State."""
        self.code = 0

    def server(self) -> HomeServer:
        """The proxy's end, which reaches this one; made inside a running loop."""
        with tempfile.TemporaryDirectory(prefix="akfuzz") as folder:
            file = Path(folder) / "secret"
            file.write_bytes(SECRET)
            file.chmod(0o600)
            address = SocketAddress(*_ADDRESS)
            config = HomeServerConfig(
                name="home",
                auth=address,
                acct=address,
                secret_file=file,
                window=WINDOW,
                misses=MISSES,
                probe_every=WINDOW,
            )
            server = HomeServer(config, random=self._chance.randbytes)
        server._auth.requests = _Requests(self, self._chance)
        return server

    def hear(self, octets: bytes) -> list[tuple[bytes, Address]]:
        """What arrives at the proxy for a request of its: the answer, but for silence, and more before it."""
        if octets[0] == STATUS_SERVER:
            return [] if self.silent else [(response(ACCEPT, octets, b"", SECRET), _ADDRESS)]
        if octets == self._last:
            # the proxy has not been answered in time, and asks once more
            return self._said
        if not (is_signed if octets[0] == ACCOUNTING_REQUEST else is_protected)(octets, SECRET):
            raise Broken(f"a request goes on without protection: {octets.hex()}")
        every = [each for each in attributes_of(octets) if each[0] != MESSAGE_AUTHENTICATOR]
        if every[-1][0] != PROXY_STATE or not every[-1][1].startswith(self._mark):
            raise Broken(f"a request goes on without the proxy's own Proxy-State: {octets.hex()}")
        self.asked.append(every[:-1])
        self._last, self._said = octets, []
        if self.silent:
            return []
        genuine = self._genuine(octets)
        forged = [self._forged(genuine, octets) for _ in range(max(0, self._chance.randrange(6) - 3))]
        self._old = [*self._old[-7:], genuine]
        self._said = [*forged, (genuine, _ADDRESS)]
        return self._said

    def _genuine(self, octets: bytes) -> bytes:
        chance, accounts = self._chance, octets[0] == ACCOUNTING_REQUEST
        self.code = ACCOUNTING_RESPONSE if accounts else chance.choice((ACCEPT, CHALLENGE, REJECT))
        own = [each for each in attributes_of(octets) if each[0] == PROXY_STATE]
        self.answer = [
            (_CLASS, chance.randbytes(12)),
            (chance.randrange(1, 24), chance.randbytes(chance.randrange(1, 20))),
        ]
        sent = [*self.answer]
        if self.code == ACCEPT:
            key = chance.randbytes(32)
            self.answer.append((_VENDOR, _RECV_KEY + key))
            sealed = mppe(key, SECRET, octets[4:20], bytes((0x80 | chance.randrange(128), chance.randrange(256))))
            sent.append((_VENDOR, _RECV_KEY + bytes((len(sealed) + 2,)) + sealed))
            sent.append((_TUNNEL_PASSWORD, b"\0" + chance.randbytes(18)))
        if not accounts:
            self.answer.append((79, bytes((1, 2, 0, 5, 1))))
            sent.append(self.answer[-1])
        return response(self.code, octets, b"".join(tlv(*each) for each in [*sent, *own]), SECRET)

    def _forged(self, genuine: bytes, octets: bytes) -> tuple[bytes, Address]:
        """Somebody else's answer, or the right one from elsewhere, in part, of before, or without its proof."""
        chance = self._chance
        evil = tlv(_CLASS, b"of somebody else")
        match chance.randrange(6):
            case 0:
                return genuine, _ELSEWHERE
            case 1:
                return mutate(genuine, chance), _ADDRESS
            case 2 if self._old:
                return chance.choice(self._old), _ADDRESS
            case 3:
                return response(
                    chance.choice((ACCEPT, REJECT, CHALLENGE, 5, 40)), octets, evil, b"another secret"
                ), _ADDRESS
            case 4 if octets[0] != ACCOUNTING_REQUEST:
                return response(ACCEPT, octets, evil, SECRET, protected=False), _ADDRESS
            case _:
                return chance.randbytes(chance.randrange(200)), _ADDRESS

    def expected(self, client: Attributes) -> list[tuple[int, bytes]]:
        """What the client is to hear: the answer, then its own Proxy-State."""
        return [*self.answer, *(each for each in client if each[0] == PROXY_STATE)]


def in_the_clear(attributes: Attributes, secret: bytes, authenticator: bytes) -> list[tuple[int, bytes]]:
    """The attributes of an answer to a client, without proof and with its key opened by the client's secret."""
    found = []
    for kind, value in attributes:
        if kind == _VENDOR and value.startswith(_RECV_KEY):
            found.append((kind, _RECV_KEY + opened_mppe(value[6:], secret, authenticator)))
        elif kind != MESSAGE_AUTHENTICATOR:
            found.append((kind, value))
    return found


class _Requests(RadiusRequests):
    """Requests whose sockets lead to `Home`."""

    def __init__(self, home: Home, chance: Random) -> None:
        super().__init__(
            server=_ADDRESS,
            secret=Secret(SECRET),
            local="0.0.0.0",
            timers=Timers(irt=WINDOW, mrd=WINDOW),
            random=chance.randbytes,
        )
        self._home = home

    def _endpoint(self, slot: Slot) -> UdpEndpoint:
        return cast("UdpEndpoint", _Wire(self, slot, self._home))


class _Wire:
    """One socket of the proxy's."""

    def __init__(self, requests: _Requests, slot: Slot, home: Home) -> None:
        self._requests, self._slot, self._home = requests, slot, home

    def send(self, octets: bytes, _server: Address) -> None:
        """What is heard for it comes later."""
        for heard, source in self._home.hear(octets):
            asyncio.get_running_loop().call_soon(self._requests._take, self._slot.socket, heard, source)
