"""The identities that the network gave the UE for later, and which of them it shows (RFC 4187 §4.1.1.7, §4.1.6, §5)."""

from dataclasses import dataclass

from wire.eap.aka_keys import Keys
from wire.eap.attributes import At, Attributes
from wire.identity import EapMethod, Imsi, Nai, Plmn, classify, permanent_nai

ANY, FULLAUTH, PERMANENT = 0, 1, 2
"""Ranks of AT_ANY_ID_REQ, AT_FULLAUTH_ID_REQ and AT_PERMANENT_ID_REQ: each shows more than the one before it."""


@dataclass(frozen=True, slots=True)
class Once:
    """A fast re-authentication identity as received, the keys that go with it, and the lowest counter that is good."""

    identity: bytes
    keys: Keys
    counter: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What a UE keeps from one authentication to the next; `pseudonym` is a username."""

    pseudonym: bytes | None = None
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the UE calls itself; `once` when that is a fast re-authentication identity, which is used up by it."""

    identity: bytes
    once: Once | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """All names of one user; `kept` are those that the network gave."""

    imsi: Imsi
    plmn: Plmn
    kept: Kept

    def show(self, method: EapMethod, rank: int) -> Shown:
        """The name that tells least, of those that answer a request of `rank` within `method`."""
        once, pseudonym = self.kept.once, self.kept.pseudonym
        if rank == ANY and once is not None and once.keys.method is method:
            return Shown(self._with_realm(once.identity, method), once)
        if rank <= FULLAUTH and pseudonym is not None and classify(pseudonym).method is method:
            return Shown(self._with_realm(pseudonym, method))
        return Shown(permanent_nai(self.imsi, self.plmn, method).encode())

    def _with_realm(self, given: bytes, method: EapMethod) -> bytes:
        """TS 23.003 §14.4A: a full NAI as it is, a username with the realm of the permanent identity."""
        if b"@" in given:
            return given
        realm = Nai.of(permanent_nai(self.imsi, self.plmn, method)).realm or ""
        return given + b"@" + realm.encode()


def learned(before: Kept, inside: Attributes, keys: Keys, counter: int) -> Kept:
    """What `inside` of AT_ENCR_DATA leaves the UE with; a fast re-authentication must have `counter` at least.

    No new pseudonym leaves the old one; without a new fast re-authentication identity there is none (RFC 4187 §5.1).
    """
    pseudonym, once = inside.get(At.NEXT_PSEUDONYM), inside.get(At.NEXT_REAUTH_ID)
    return Kept(
        before.pseudonym if pseudonym is None else pseudonym,
        None if once is None else Once(once, keys, counter),
    )
