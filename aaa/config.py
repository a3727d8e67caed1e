"""[aaa]: who the AAA server is, how it asks the HSS, what it offers its clients."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pydantic import Field

from aaa.diameter.config import DiameterConfig
from aaa.eap.policy import AkaPolicy
from aaa.identities.config import IdentitiesConfig
from aaa.radius.config import RadiusConfig
from hss.failure_api import Retention
from runtime.config import (
    ConfigError,
    DiameterIdentity,
    NetworkConfig,
    OptionalAddress,
    RawConfig,
    Section,
    SocketAddress,
)
from runtime.metrics.config import MetricsConfig
from wire.identity import EapMethod
from wire.names import Plmn, nai_realm

Method = Literal["aka-prime", "aka", "sim"]
METHODS: Mapping[Method, EapMethod] = {"aka-prime": EapMethod.AKA_PRIME, "aka": EapMethod.AKA, "sim": EapMethod.SIM}


class AaaConfig(Section):
    """[aaa]; `hss_limit` and `conversation_age` in seconds, `answer_time` how many of them a UE has for one round."""

    origin_host: DiameterIdentity = Field(description="this AAA server's Origin-Host, such as aaa.epc.example")
    origin_realm: DiameterIdentity = Field(description="this AAA server's Origin-Realm, such as epc.example")
    hss: Literal["local", "swx"] = Field(default="local", description='"local" (in this process) or "swx"')
    database: str = Field(
        default="", description='where accounting and sessions are kept, as in [hss]; "" for the database of [hss]'
    )
    methods: tuple[Method, ...] = Field(
        default=("aka-prime", "aka"), min_length=1, description="the EAP methods, the preferred one first"
    )
    result_ind: bool = Field(default=False, description="protected success: one round more (RFC 4187 §6.2)")
    always_ask_identity: bool = Field(default=False, description="AKA-Identity first, always (RFC 4187 §4.1.4)")
    hss_limit: float = Field(default=5.0, gt=0, le=30)
    answer_time: int = Field(default=30, ge=1, le=300)
    conversation_age: float = Field(default=60.0, ge=5, le=600)
    conversation_limit: int = Field(default=100_000, ge=1)
    rounds_at_once: int = Field(default=4000, ge=1)
    failures_kept: int = Field(default=10_000, ge=1, le=10_000_000, description="how many akadia explain can tell of")
    failure_days: int = Field(default=30, ge=1, le=3650, description="and for how long")
    silent_days: int = Field(
        default=0, ge=0, le=3650, description="after so many days without a word of it a session is over; 0 for never"
    )
    workers: int = Field(default=1, ge=1, le=64, description="processes that serve, replaced when one ends")

    @property
    def retention(self) -> Retention:
        """How much is kept of authentications that failed."""
        return Retention(self.failures_kept, self.failure_days)

    @property
    def silence(self) -> timedelta | None:
        """How long nothing may be heard of a session."""
        return timedelta(days=self.silent_days) if self.silent_days else None

    @property
    def policy(self) -> AkaPolicy:
        """What every client is offered beside its own network name."""
        return AkaPolicy(
            allowed=tuple(METHODS[name] for name in self.methods),
            result_ind=self.result_ind,
            always_ask_identity=self.always_ask_identity,
            hss_limit=self.hss_limit,
        )


class HssConnectionConfig(Section):
    """[[aaa.swx.alternate]]: an HSS that is asked when the one before it fails, or sends us to it."""

    hss: SocketAddress = Field(description='where the HSS listens, such as "127.0.0.2:3868"')
    hss_origin_host: DiameterIdentity = Field(description="the HSS's Origin-Host, such as hss.epc.example")
    agent: str = Field(default="", description="the Origin-Host of the relay or proxy that listens there, if one does")
    hss_realm: DiameterIdentity = Field(description="the HSS's Origin-Realm, such as epc.example")


class SwxConfig(HssConnectionConfig):
    """[aaa.swx]: the HSS that is asked when `aaa.hss` is "swx"."""

    watchdog: float = Field(
        default=30.0, ge=6, le=300, description="after so many seconds without a word an HSS is asked if it is there"
    )
    local: OptionalAddress = Field(default=None, description='our address to connect from, such as "127.0.0.3", or ""')
    alternate: tuple[HssConnectionConfig, ...] = Field(default=(), max_length=8, description="[[aaa.swx.alternate]]")


@dataclass(frozen=True, slots=True)
class AaaSettings:
    """All sections of the AAA server; `swx` is None when the HSS is local, a front None when it is not configured.

    `home_realm` is the realm of permanent identities, "" where no [network] says it.
    """

    aaa: AaaConfig
    swx: SwxConfig | None
    radius: RadiusConfig | None
    diameter: DiameterConfig | None
    identities: IdentitiesConfig | None = None
    home_realm: str = ""
    metrics: MetricsConfig | None = None


def network_names(settings: AaaSettings) -> tuple[str, ...]:
    """Every access network identity that the configuration gives to a client, each once."""
    radius, diameter = settings.radius, settings.diameter
    over_tls = () if radius is None or radius.radsec is None else radius.radsec.client
    names = [client.network_name for client in (() if radius is None else radius.client)]
    names += [client.network_name for client in over_tls]
    names += [peer.network_name for peer in (() if diameter is None else diameter.peer)]
    return tuple(dict.fromkeys(filter(None, names)))


def addresses(settings: AaaSettings) -> Iterator[tuple[str, socket.SocketKind, SocketAddress]]:
    """Where the fronts listen, each with the key that says so."""
    if settings.radius is not None:
        yield from _radius_addresses(settings.radius)
    if settings.diameter is not None:
        for name, address in (("address", settings.diameter.address), ("tls_address", settings.diameter.tls_address)):
            if address is not None:
                yield f"aaa.diameter.{name}", socket.SOCK_STREAM, address


def _radius_addresses(radius: RadiusConfig) -> Iterator[tuple[str, socket.SocketKind, SocketAddress]]:
    datagrams = [("auth", radius.auth), *(("more_auth", more) for more in radius.more_auth)]
    if radius.acct is not None:
        datagrams += [("acct", radius.acct), *(("more_acct", more) for more in radius.more_acct)]
    for name, address in datagrams:
        yield f"aaa.radius.{name}", socket.SOCK_DGRAM, address
    if radius.radsec is not None:
        yield "aaa.radius.radsec.address", socket.SOCK_STREAM, radius.radsec.address
        for more in radius.radsec.more_addresses:
            yield "aaa.radius.radsec.more_addresses", socket.SOCK_STREAM, more


def read_settings(raw: RawConfig) -> AaaSettings:
    """The AAA server's sections of the file; ConfigError in one line when they cannot be served."""
    aaa = raw.section("aaa", AaaConfig)
    settings = AaaSettings(
        aaa=aaa,
        swx=raw.section("aaa.swx", SwxConfig) if aaa.hss == "swx" else None,
        radius=raw.optional("aaa.radius", RadiusConfig),
        diameter=raw.optional("aaa.diameter", DiameterConfig),
        identities=raw.optional("aaa.identities", IdentitiesConfig),
        metrics=raw.optional("aaa.metrics", MetricsConfig),
        home_realm=_home_realm(raw.optional("network", NetworkConfig)),
    )
    if settings.radius is None and settings.diameter is None:
        raise ConfigError(f"{raw.path}: nobody could ask this AAA server; add [aaa.radius] or [aaa.diameter]")
    _require_distinct_addresses(raw, settings)
    return settings


def _require_distinct_addresses(raw: RawConfig, settings: AaaSettings) -> None:
    """Workers share their ports, so that the kernel would have half of one front's requests come to the other."""
    taken: dict[tuple[socket.SocketKind, SocketAddress], str] = {}
    for name, kind, address in addresses(settings):
        first = taken.get((kind, address))
        if first is not None and address.port:
            raise ConfigError(f"{raw.path}: {first} and {name} are both {address}; give each its own")
        taken[kind, address] = name


def _home_realm(network: NetworkConfig | None) -> str:
    return "" if network is None else nai_realm(Plmn(network.mcc, network.mnc))
