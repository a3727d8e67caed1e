"""[aaa.diameter]: where the Diameter front listens, and which peers may ask it."""

from collections import Counter
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from runtime.config import OptionalPath, PeerConfig, Section, SocketAddress
from wire.diameter.applications import Application

APPLICATIONS = {
    "eap": Application.EAP,
    "mip6i": Application.MIP6I,
    "s6b": Application.S6B,
    "sta": Application.STA,
    "swm": Application.SWM,
}
"""What the AAA server serves over Diameter, by the names that the file uses."""


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


OptionalAddress = Annotated[SocketAddress | None, BeforeValidator(_none_if_empty)]


class DiameterPeerConfig(PeerConfig):
    """[[aaa.diameter.peer]]: one gateway, or an agent before several."""

    agent: bool = Field(default=False, description="true for a relay or proxy, whose requests are those of others")
    connections: int = Field(default=1, ge=1, le=256, description="one for each process that it may have")
    network_name: str = Field(
        default="", description='the access network identity for EAP-AKA\' (TS 24.302 §8.1.1), such as "WLAN"'
    )
    ends_sessions_by_restart: bool = Field(
        default=True,
        description="false for one whose processes each have an Origin-State-Id: a higher one ends no sessions then",
    )
    names_network: bool = Field(default=False, description="whether the ANID of its requests is taken instead")


class DiameterConfig(Section):
    """[aaa.diameter]; without `tls_address` it serves TCP alone, without `address` TLS alone."""

    address: OptionalAddress = Field(default=None, description='where to listen for TCP, such as "127.0.0.3:3868"')
    tls_address: OptionalAddress = Field(default=None, description='where to listen for TLS, such as "127.0.0.3:5658"')
    more_addresses: tuple[SocketAddress, ...] = Field(default=(), description='further ones, such as ["[::1]:3868"]')
    more_tls_addresses: tuple[SocketAddress, ...] = Field(
        default=(), description='further ones for TLS, such as ["[::1]:5658"]'
    )
    certificate: OptionalPath = Field(default=None, description="this server's certificate for TLS, PEM")
    key: OptionalPath = Field(default=None, description="the key of the certificate, PEM")
    ca: OptionalPath = Field(default=None, description="whom a peer's certificate must come from, PEM")
    peer: tuple[DiameterPeerConfig, ...] = Field(default=(), description="[[aaa.diameter.peer]], one for each peer")
    session_limit: int = Field(
        default=200_000,
        ge=1,
        description="sessions remembered at most, of those who authenticate and of those who were let in",
    )

    @model_validator(mode="after")
    def _listens(self) -> Self:
        if self.address is None and self.tls_address is None:
            raise ValueError("nobody could connect: write address for TCP, tls_address for TLS, or both")
        for first, further in (("address", "more_addresses"), ("tls_address", "more_tls_addresses")):
            if getattr(self, further) and getattr(self, first) is None:
                raise ValueError(f"{further} are beside {first}, which there is not; write one of them there")
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if self.tls_address is not None and (self.certificate is None or self.key is None):
            raise ValueError("tls_address needs certificate and key; write both, or leave tls_address empty")
        return self

    @model_validator(mode="after")
    def _peers_are_distinct(self) -> Self:
        for what, values in (
            ("name", [peer.name for peer in self.peer]),
            ("origin_host", [peer.origin_host.lower() for peer in self.peer]),
        ):
            twice = next((value for value, count in Counter(values).items() if count > 1), None)
            if twice is not None:
                raise ValueError(f"two [[aaa.diameter.peer]] have {what} {twice}; give each its own")
        for peer in self.peer:
            foreign = next((name for name in peer.applications if name not in APPLICATIONS), None)
            if foreign is not None:
                served = ", ".join(APPLICATIONS)
                raise ValueError(f"peer {peer.name} may ask for {foreign}, which is not served; write of {served}")
        return self
