"""Our UE's EAP peer behind a RADIUS client of the test's own: the second foreign client of a foreign server."""

import asyncio
import secrets

from ue_sim.eap.temporary import Kept
from ue_sim.eap_peer import AkaPeer, EapArrived, KeysDerived, SendEap
from ue_sim.usim import Usim
from wire.eap.packet import identity_response
from wire.identity import EapMethod, Imsi, Plmn
from wire.radius.codec import parse_packet
from wire.radius.eap import join_eap
from wire.radius.messages import access_request
from wire.radius.packet import Attribute, Code, RadiusPacket, is_genuine_response


class _Client(asyncio.DatagramProtocol):
    """One request at a time."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        if not self.answer.done():
            self.answer.set_result(data)


class RadiusUe:
    """A UE that authenticates at `server` again and again; it keeps the identities that it was given."""

    def __init__(
        self, server: tuple[str, int], secret: bytes, *, usim: Usim, imsi: Imsi, plmn: Plmn, method: EapMethod,
        result_ind: bool,
    ) -> None:  # fmt: skip
        self._server = server
        self._secret = secret
        self._usim = usim
        self._imsi = imsi
        self._plmn = plmn
        self._method = method
        self._result_ind = result_ind
        self._kept = Kept()
        self._identifier = 0

    async def authenticate(self) -> bool:
        """One conversation to its end, and whether the UE has keys then."""
        peer = AkaPeer(
            usim=self._usim, imsi=self._imsi, plmn=self._plmn, methods=(self._method,), result_ind=self._result_ind,
            kept=self._kept, random=secrets.token_bytes,
        )  # fmt: skip
        name = Attribute.of("User-Name", peer.identity.decode())
        eap, state = identity_response(1, peer.identity), None
        while True:
            attributes = [name, *([] if state is None else [Attribute.of("State", state)])]
            answer = await self._ask(attributes, eap)
            effects = peer.handle(EapArrived(join_eap(answer) or b""), 0.0)
            self._kept = peer.kept
            if answer.code != Code.ACCESS_CHALLENGE:
                return bool(effects) and isinstance(effects[0], KeysDerived)
            effect = effects[0]
            assert isinstance(effect, SendEap)
            eap, state = effect.packet, answer.octets("State")

    async def _ask(self, attributes: list[Attribute], eap: bytes) -> RadiusPacket:
        self._identifier = (self._identifier + 1) % 256
        authenticator = secrets.token_bytes(16)
        request = access_request(
            identifier=self._identifier,
            authenticator=authenticator,
            secret=self._secret,
            attributes=attributes,
            eap=eap,
        )
        transport, client = await asyncio.get_running_loop().create_datagram_endpoint(_Client, remote_addr=self._server)
        try:
            transport.sendto(request)
            async with asyncio.timeout(20):
                octets = await client.answer
        finally:
            transport.close()
        assert is_genuine_response(octets, authenticator, self._secret)
        return parse_packet(octets)
