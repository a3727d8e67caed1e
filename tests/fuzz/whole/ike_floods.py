"""Floods of strangers: IKE_SA_INIT from many addresses and from one, and UEs that fall silent in the middle of EAP."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from random import Random

from pdngw_proxy.gateway_events import Channel
from tests.fuzz.whole.ike_network import ADMISSION, HostileNetwork
from tests.network import NATT, VirtualUe
from ue_sim.ue_events import Channel as UeChannel
from wire.esp.encapsulation import NON_ESP_MARKER
from wire.ikev2.constants import ExchangeType, NotifyType
from wire.ikev2.message import Message
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.notify import Notify

SPOOFED, FROM_ONE, SILENT = 30, 2 * ADMISSION.source_limit, 6
"""IKE_SA_INIT from addresses that never answer, from one that returns cookies, and UEs that stop within EAP."""

_ATTACKER = IPv4Address("203.0.113.66")
_BEFORE_EAP = 2
"""Messages of IKE that a UE sends before its first EAP response."""


class Floods:
    """Fills a gateway with half-open IKE SAs; they are there until its limit of time for them is over."""

    def __init__(self, network: HostileNetwork, chance: Random) -> None:
        self._network = network
        self._chance = chance
        self._cookies: dict[Endpoint, bytes] = {}

    def run(self, phone: VirtualUe) -> int:
        """Flood with what `phone` says; the number of requests."""
        self._network.tamper = self._listen
        self._network.attach_anew(phone, 0.0)
        self._network.run(until=self._network.now + 0.5)
        own = phone.socket(UeChannel.IKE)
        begun = [each.octets for each in self._network.sent if each.source == own and each.to == NATT]
        request = Message.parse(begun[0].removeprefix(NON_ESP_MARKER))
        for number in range(SPOOFED):
            self._begin(request, Endpoint(IPv4Address("198.18.0.0") + self._chance.getrandbits(16), 4500 + number))
        for number in range(FROM_ONE):
            source = Endpoint(_ATTACKER, 10_000 + number)
            again = self._begin(request, source)
            if source in self._cookies:
                cookie = Notify(NotifyType.COOKIE, self._cookies.pop(source))
                self._send(replace(again, payloads=(cookie, *again.payloads)), source)
        for _ in range(SILENT):
            self._fall_silent(phone)
        self._network.tamper = lambda _source, _to, octets: (octets,)
        return SPOOFED + FROM_ONE + SILENT

    def _begin(self, request: Message, source: Endpoint) -> Message:
        again = replace(request, spi_i=self._chance.randbytes(8))
        self._send(again, source)
        return again

    def _send(self, message: Message, source: Endpoint) -> None:
        self._network.inject("flood", NON_ESP_MARKER + message.build(), source, NATT, Channel.IKE)

    def _fall_silent(self, phone: VirtualUe) -> None:
        """One more UE like `phone`, which is never heard again once it has been asked for its proof."""
        own, said = phone.socket(UeChannel.IKE), 0

        def cut(source: Endpoint, _to: Endpoint, octets: bytes) -> Iterable[bytes]:
            nonlocal said
            said += source == own
            return () if source == own and said > _BEFORE_EAP + 1 else (octets,)

        self._network.tamper = cut
        self._network.attach_anew(phone, 0.2)

    def _listen(self, _source: Endpoint, to: Endpoint, octets: bytes) -> Iterable[bytes]:
        """A stranger hears the cookie that he is sent."""
        if to.address == _ATTACKER:
            message = Message.parse(octets.removeprefix(NON_ESP_MARKER))
            found = message.notify(NotifyType.COOKIE)
            if message.exchange == ExchangeType.IKE_SA_INIT and found is not None:
                self._cookies[to] = found.data
        return (octets,)
