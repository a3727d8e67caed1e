"""Identities of which the server alone knows whose they are: what the EAP machines ask of them (RFC 4187 §4.1.1.7)."""

from dataclasses import field
from typing import Protocol

from wire.eap.aka_keys import Keys
from wire.frozen import dataclass
from wire.identity import Identity, Imsi


@dataclass(frozen=True, slots=True)
class Resumable:
    """What a fast re-authentication goes on from (RFC 4187 §5.2).

    `keys` are those of the full authentication, at `since` seconds of Unix time, None while it is this one; `counter`
    is the AT_COUNTER that the next re-authentication will carry, at least 1. `identity` is the octets of the one that
    holds all of this, where one does.
    """

    imsi: Imsi
    keys: Keys
    counter: int = 1
    since: int | None = None
    identity: bytes | None = field(default=None, compare=False)


class Identities(Protocol):
    """Who is behind an identity that is no IMSI, and what the UE is to call itself next time."""

    def subscriber(self, identity: Identity) -> Imsi | None:
        """The subscriber of a pseudonym; None when it is not, or no longer, one of ours."""

    def resume(self, identity: Identity, network_name: str | None) -> Resumable | Imsi | None:
        """What a fast re-authentication identity stands for, which is used up by this.

        The subscriber alone when a full authentication is due; None when it is not, or no longer, one of ours.
        """

    def reveal(self, octets: bytes) -> bytes | None:
        """The permanent identity in an encrypted one; None when no key of ours opens it."""

    def next_identities(self, imsi: Imsi, keys: Keys, network_name: str | None) -> tuple[bytes | None, bytes | None]:
        """What a full authentication that gave `keys` gives out.

        A new pseudonym, a username without realm; and an identity for fast re-authentication. None for each that is not
        given out.
        """

    def next_reauthentication(self, following: Resumable, network_name: str | None) -> bytes | None:
        """The identity after a fast re-authentication; None when the next authentication is to be a full one."""


class NoTemporaryIdentities:
    """A server that gives out none knows none."""

    def subscriber(self, identity: Identity) -> Imsi | None:  # noqa: ARG002
        """Nobody."""
        return None

    def resume(self, identity: Identity, network_name: str | None) -> Resumable | Imsi | None:  # noqa: ARG002
        """Nothing."""
        return None

    def reveal(self, octets: bytes) -> bytes | None:  # noqa: ARG002
        """Nothing."""
        return None

    def next_identities(
        self,
        imsi: Imsi,  # noqa: ARG002
        keys: Keys,  # noqa: ARG002
        network_name: str | None,  # noqa: ARG002
    ) -> tuple[None, None]:
        """Neither."""
        return None, None

    def next_reauthentication(self, following: Resumable, network_name: str | None) -> bytes | None:  # noqa: ARG002
        """None."""
        return None
