"""Binding Revocation Indication and Acknowledgement, one Mobility Header type for both (RFC 5846 §5)."""

from dataclasses import dataclass
from enum import KEEP, IntEnum, IntFlag
from typing import ClassVar

from wire.buffer import Reader
from wire.errors import DecodeError
from wire.mip6.header import FIXED_OCTETS, MH_REVOCATION
from wire.mip6.options import MobilityOption, append_options, read_options

_INDICATION, _ACKNOWLEDGEMENT = 1, 2


class RevocationTrigger(IntEnum):
    """Why a binding is revoked (RFC 5846 §5.1)."""

    UNSPECIFIED = 0
    ADMINISTRATIVE_REASON = 1
    USER_INITIATED_SESSION_TERMINATION = 5
    ACCESS_NETWORK_SESSION_TERMINATION = 6
    POSSIBLE_OUT_OF_SYNC_BCE_STATE = 7
    PER_PEER_POLICY = 128
    REVOKING_MOBILITY_NODE_LOCAL_POLICY = 129


class RevocationStatus(IntEnum):
    """What became of it (RFC 5846 §5.2); from 128 on it was refused."""

    SUCCESS = 0
    PARTIAL_SUCCESS = 1
    BINDING_DOES_NOT_EXIST = 128
    IPV4_HOME_ADDRESS_OPTION_REQUIRED = 129
    GLOBAL_REVOCATION_NOT_AUTHORIZED = 130
    REVOKED_MOBILE_NODES_IDENTITY_REQUIRED = 131
    MOBILE_NODE_IS_ATTACHED = 132
    TRIGGER_NOT_SUPPORTED = 133
    FUNCTION_NOT_SUPPORTED = 134
    PROXY_BINDING_REVOCATION_NOT_SUPPORTED = 135


class RevocationFlag(IntFlag, boundary=KEEP):
    """Proxy binding, IPv4 Home Address binding only, global (RFC 5846 §5.1)."""

    PROXY = 0x8000
    IPV4_ONLY = 0x4000
    GLOBAL = 0x2000


NO_FLAGS = RevocationFlag(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationIndication:
    """Takes a binding back; `trigger` as in RevocationTrigger, `sequence` counts the sender's indications."""

    mh_type: ClassVar[int] = MH_REVOCATION
    trigger: int
    sequence: int
    flags: RevocationFlag = NO_FLAGS
    options: tuple[MobilityOption, ...] = ()

    def build(self) -> bytes:
        """The message data, padded to the end of the Mobility Header."""
        return _build(_INDICATION, self.trigger, self.sequence, self.flags, self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationAck:
    """The answer to an indication, with its `sequence` and flags; `status` as in RevocationStatus."""

    mh_type: ClassVar[int] = MH_REVOCATION
    status: int
    sequence: int
    flags: RevocationFlag = NO_FLAGS
    options: tuple[MobilityOption, ...] = ()

    def build(self) -> bytes:
        """The message data, padded to the end of the Mobility Header."""
        return _build(_ACKNOWLEDGEMENT, self.status, self.sequence, self.flags, self.options)


def parse_revocation(data: bytes) -> RevocationIndication | RevocationAck:
    """Read message data, which begin at octet 6 of the Mobility Header; DecodeError for another B.R. Type."""
    reader = Reader(data, base=FIXED_OCTETS)
    kind, value, sequence = reader.u8(), reader.u8(), reader.u16()
    flags = RevocationFlag(reader.u16())
    if kind not in {_INDICATION, _ACKNOWLEDGEMENT}:
        raise DecodeError(FIXED_OCTETS, f"Binding Revocation Type {kind}")
    options = read_options(reader)
    if kind == _INDICATION:
        return RevocationIndication(trigger=value, sequence=sequence, flags=flags, options=options)
    return RevocationAck(status=value, sequence=sequence, flags=flags, options=options)


def name_of_trigger(trigger: int) -> str:
    """A trigger for an operator: its number and, where it is known, its name."""
    return _named(trigger, RevocationTrigger)


def name_of_revocation(status: int) -> str:
    """A status for an operator: its number and, where it is known, its name."""
    return _named(status, RevocationStatus)


def _named(number: int, kind: type[IntEnum]) -> str:
    return (
        f"{number} ({kind(number).name.lower().replace('_', ' ')})"
        if number in kind.__members__.values()
        else str(number)
    )


def _build(kind: int, value: int, sequence: int, flags: int, options: tuple[MobilityOption, ...]) -> bytes:
    fixed = bytes((kind, value)) + sequence.to_bytes(2, "big") + flags.to_bytes(2, "big")
    return append_options(bytes(FIXED_OCTETS) + fixed, options)[FIXED_OCTETS:]
