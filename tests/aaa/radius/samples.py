"""A client, a service and a user for the tests of the RADIUS front."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network

from aaa.messages import Accept, AccessAnswer, AccessRequest, Challenge, Client
from aaa.radius.clients import ClientTable, RadiusClient
from hss.api import ApnProfile, Profile
from wire.identity import EapMethod, Imsi
from wire.radius.messages import access_request
from wire.radius.packet import Attribute
from wire.secret import Secret

SECRET = Secret(b"xyzzy5461")
AUTHENTICATOR = bytes(range(16))
SOURCE = ("127.0.0.1", 40000)
IDENTITY = bytes.fromhex("0207001501") + b"0001010000000001"
MSK = Secret(bytes(range(64)))
SESSION_ID = bytes([23]) + bytes(range(32))
CLIENT = RadiusClient(ip_network("127.0.0.0/8"), SECRET, Client("lab", "WLAN"))
STATIC = ApnProfile(1, "internet", home_address=IPv6Address("2001:db8::7"), home_address_v4=IPv4Address("192.0.2.7"))


def table() -> ClientTable:
    """The laboratory's clients."""
    return ClientTable([CLIENT])


def asked(
    *attributes: Attribute,
    eap: bytes | None = IDENTITY,
    identifier: int = 7,
    authenticator: bytes = AUTHENTICATOR,
    secret: bytes = SECRET,
    user: str = "0001010000000001",
) -> bytes:
    """An Access-Request as a good client sends it."""
    named = (Attribute.of("User-Name", user), *attributes)
    return access_request(identifier=identifier, authenticator=authenticator, secret=secret, attributes=named, eap=eap)


def challenge() -> Challenge:
    """A round that goes on."""
    return Challenge(eap=bytes.fromhex("0108000c170500000d010000"), state=b"0x53ealed", timeout=20)


def accept(apn: ApnProfile | None = STATIC, session_timeout: int | None = 3600) -> Accept:
    """A user let in."""
    imsi = Imsi("001010000000001")
    return Accept(
        eap=bytes.fromhex("03080004"),
        msk=MSK,
        session_id=SESSION_ID,
        method=EapMethod.AKA,
        imsi=imsi,
        user_name="0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org",
        profile=Profile(imsi, (STATIC,), session_timeout=session_timeout),
        apn=apn,
    )


class StubService:
    """Answers every request by `decide`; `held` keeps answers back until it is set."""

    def __init__(self, decide: Callable[[AccessRequest], AccessAnswer]) -> None:
        self.decide = decide
        self.requests: list[AccessRequest] = []
        self.held: asyncio.Event | None = None

    async def authenticate(self, request: AccessRequest) -> AccessAnswer:
        """Serve one round."""
        self.requests.append(request)
        if self.held is not None:
            await self.held.wait()
        return self.decide(request)
