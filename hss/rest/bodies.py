"""What requests of the API hold, and what is made of it; OpenAPI says the same as is checked."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from hss.api import Ambr, ApnProfile, Resynchronisation
from hss.provisioning.apns import ApnRefused, apn_profiles
from hss.provisioning.description import PDN_TYPES
from hss.provisioning.keys_input import KeysInput
from wire.secret import Secret

IMSI_PATTERN = "^[0-9]{6,15}$"
NAME_PATTERN = "^[A-Za-z0-9._-]{1,32}$"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,60}[A-Za-z0-9])?"
APN_PATTERN = rf"^({_LABEL}(\.{_LABEL})*|\*)$"
APN_LENGTH = 62
AT_ONCE = 200
"""Subscribers in one request: that many share one transaction, and what else waits for the store waits for them."""
_APNS_MAX = 50
_BIT_RATE_MAX = (1 << 32) - 1


class Body(BaseModel):
    """An object of a request: what is not described is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _octets(value: object) -> Secret:
    if isinstance(value, str) and len(value) in (32, 64) and value.isascii() and value.isalnum():
        try:
            return Secret.fromhex(value)
        except ValueError:
            pass
    # the message says nothing of what was sent
    raise ValueError("16 or 32 octets in hexadecimal digits are needed")


Key = Annotated[
    Secret,
    PlainValidator(_octets),
    WithJsonSchema({"type": "string", "pattern": "^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})$", "writeOnly": True}),
]
"""A key: it goes in, and never comes out."""


def _ipv6(text: str) -> str:
    return str(IPv6Address(text))


def _ipv4(text: str) -> str:
    return str(IPv4Address(text))


def _whole(value: object) -> object:
    # to JSON 5.0 is the number 5
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = BeforeValidator(_whole)
Imsi = Annotated[str, Field(pattern=IMSI_PATTERN)]
Amf = Annotated[str, Field(pattern="^[0-9A-Fa-f]{4}$", description="16 bits in hexadecimal digits")]
Msisdn = Annotated[str, Field(pattern="^[0-9]{5,15}$")]
ProfileName = Annotated[str, Field(pattern=NAME_PATTERN)]
ApnName = Annotated[
    str, Field(pattern=APN_PATTERN, max_length=APN_LENGTH, description="an APN Network Identifier, or * for any")
]
BitRate = Annotated[int, Field(ge=1, le=_BIT_RATE_MAX, description="bit/s"), _WHOLE]


class KeysWithOpc(Body):
    """K and OPc (TOPc with TUAK)."""

    k: Key
    opc: Key


class KeysWithOp(Body):
    """K and OP (TOP with TUAK), from which OPc is made at once."""

    k: Key
    op: Key


def _which(value: object) -> str:
    names = value if isinstance(value, dict) else ()
    return "op" if "op" in names or isinstance(value, KeysWithOp) else "opc"


Keys = Annotated[
    Annotated[KeysWithOpc, Tag("opc")] | Annotated[KeysWithOp, Tag("op")],
    Discriminator(_which),
]
"""K with one of OPc and OP."""


def keys_input(keys: Keys, amf: str | None = None) -> KeysInput:
    """`keys` as a file of keys would give them."""
    number = int(amf, 16) if amf is not None else None
    if isinstance(keys, KeysWithOpc):
        return KeysInput(keys.k, opc=keys.opc, amf=number)
    return KeysInput(keys.k, op=keys.op, amf=number)


class ApnValues(Body):
    """What a subscription to an APN allows (APN-Configuration of TS 29.272 §7.3.35)."""

    pdn_type: Literal["ipv4", "ipv6", "ipv4v6", "ipv4-or-ipv6"] = "ipv6"
    home_address: Annotated[str, AfterValidator(_ipv6), WithJsonSchema({"type": "string", "format": "ipv6"})] | None = (
        None
    )
    home_address_v4: (
        Annotated[str, AfterValidator(_ipv4), WithJsonSchema({"type": "string", "format": "ipv4"})] | None
    ) = None
    ambr_up: BitRate | None = None
    ambr_down: BitRate | None = None

    def profile(self, name: str) -> ApnProfile:
        """The subscription to `name`; ApnRefused when there can be none."""
        if (self.ambr_up is None) != (self.ambr_down is None):
            raise ApnRefused("an AMBR has two directions; give both ambr_up and ambr_down, or neither")
        ambr = Ambr(self.ambr_up, self.ambr_down) if self.ambr_up and self.ambr_down else None
        addresses = [one for one in (self.home_address, self.home_address_v4) if one is not None]
        (found,) = apn_profiles([name], pdn_type=PDN_TYPES[self.pdn_type], home_addresses=addresses, ambr=ambr)
        return found


class ApnBody(ApnValues):
    """An APN in a subscriber's list."""

    name: ApnName


class ApnOfSubscriber(ApnValues):
    """An APN that is named by the resource itself."""

    default: bool = False


class SubscriberBody(Body):
    """A subscriber as it is to be; the first of `apns` is the default. Without `keys` those that are there stay."""

    keys: Keys | None = None
    amf: Amf = "8000"
    state: Literal["enabled", "barred"] = "enabled"
    msisdn: Msisdn | None = None
    profile: ProfileName = "milenage"
    apns: Annotated[list[ApnBody], Field(min_length=1, max_length=_APNS_MAX)]

    def apn_profiles(self) -> tuple[ApnProfile, ...]:
        """The subscriptions; ApnRefused when one cannot be."""
        return numbered([apn.profile(apn.name) for apn in self.apns])


class NamedSubscriber(SubscriberBody):
    """A new subscriber of a batch."""

    imsi: Imsi


class SubscriberBatch(Body):
    """New subscribers, all of them or none; with `keep` those that are there already stay as they are."""

    subscribers: Annotated[list[NamedSubscriber], Field(min_length=1, max_length=AT_ONCE)]
    if_present: Literal["refuse", "keep"] = "refuse"


class SubscriberPatch(Body):
    """What is to change; what is not named stays. `msisdn` "" takes the number away."""

    keys: Keys | None = None
    amf: Amf | None = None
    state: Literal["enabled", "barred"] | None = None
    msisdn: Annotated[str, Field(pattern="^([0-9]{5,15})?$")] | None = None
    profile: ProfileName | None = None


class VerifyBody(Body):
    """Keys that somebody has."""

    keys: Keys
    amf: Amf | None = None


class ResynchronisationBody(Body):
    """What a USIM answered that found SQN out of range (TS 33.102 §6.3.5)."""

    rand: Annotated[str, Field(pattern="^[0-9A-Fa-f]{32}$")]
    auts: Annotated[str, Field(pattern="^[0-9A-Fa-f]{28}$")]

    def octets(self) -> Resynchronisation:
        """RAND of 16 and AUTS of 14 octets."""
        return Resynchronisation(bytes.fromhex(self.rand), bytes.fromhex(self.auts))


class _Vectors(Body):
    """What every request for vectors may name."""

    count: Annotated[int, Field(ge=1, le=32, description="the HSS may give fewer"), _WHOLE] = 1
    resynchronisation: ResynchronisationBody | None = None


class EapAkaVectors(_Vectors):
    """Vectors for EAP-AKA, or for UTRAN or GERAN, where IND is that of the same node."""

    access: Literal["eap-aka", "utran"]


class EapAkaPrimeVectors(_Vectors):
    """Vectors for EAP-AKA': with CK' and IK' (TS 33.402 Annex A.2)."""

    access: Literal["eap-aka-prime"]
    network_name: Annotated[str, Field(pattern="^[ -~]{1,253}$", description="the ANID (TS 24.302 §8.1.1)")]


class EutranVectors(_Vectors):
    """Vectors for E-UTRAN: with K_ASME (TS 33.401 Annex A.2)."""

    access: Literal["eutran"]
    serving_network: Annotated[
        str, Field(pattern="^[0-9A-Fa-f]{6}$", description="Visited-PLMN-Id of 3 octets (TS 29.272 §7.3.9)")
    ]


VectorBody = Annotated[EapAkaVectors | EapAkaPrimeVectors | EutranVectors, Field(discriminator="access")]
"""A request for vectors, by what they are for."""


class ProfileBody(Body):
    """An algorithm profile: which functions, and how SQN is counted (TS 33.102 Annex C)."""

    algorithm: Literal["milenage", "tuak", "test"] = "milenage"
    parameters: Annotated[str, Field(max_length=2048, pattern="^[ -~]*$")] | None = None
    ind_bits: Annotated[int, Field(ge=1, le=16), _WHOLE] = 5
    delta: Annotated[int, Field(ge=1, le=(1 << 43) - 1), _WHOLE] = 1 << 28
    scheme: Literal["counter", "time"] = "counter"
    reserve: Annotated[int, Field(ge=1, le=65536), _WHOLE] = 1
    clock_unit_ms: Annotated[int, Field(ge=1, le=60000), _WHOLE] = 100
    custody: Literal["sealed", "token"] = "sealed"


def numbered(apns: Sequence[ApnProfile]) -> tuple[ApnProfile, ...]:
    """`apns` with Context-Identifiers from 1 on; ApnRefused when one is there twice."""
    names = [apn.name for apn in apns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ApnRefused(f"APN {twice} is there twice; name it once")
    return tuple(replace(apn, context_id=number) for number, apn in enumerate(apns, start=1))
