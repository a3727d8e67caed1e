"""The identities that the network gave the UE for later, and which of them it shows (RFC 4187 §4.1.1.7, §4.1.6, §5)."""

from dataclasses import dataclass, field, replace

from ue_sim.eap.forms import IdentityForm
from wire.eap.aka_keys import Keys
from wire.eap.attributes import At, Attributes
from wire.identity import EapMethod, Imsi, Nai, Plmn, classify, permanent_nai

ANONYMOUS = b"anonymous"
"""The username of who tells no access network more, and waits to be asked (RFC 4187 §4.1.4)."""

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
    """What the UE calls itself; `once` when that is a fast re-authentication identity, which is used up by it.

    `inside` is the identity that keys are derived from, where what is shown is that under a public key.
    """

    identity: bytes
    once: Once | None = None
    inside: bytes = b""

    @property
    def keyed(self) -> bytes:
        """What keys are derived from (RFC 4187 §7)."""
        return self.inside or self.identity


@dataclass(frozen=True, slots=True)
class Names:
    """All names of one user; `kept` are those that the network gave, `form` is how the UE writes any."""

    imsi: Imsi
    plmn: Plmn
    kept: Kept
    form: IdentityForm = field(default_factory=IdentityForm)

    def show(self, method: EapMethod, rank: int) -> Shown:
        """The name that tells least, of those that answer a request of `rank` within `method`."""
        once, pseudonym = self.kept.once, self.kept.pseudonym
        if rank == ANY and once is not None and once.keys.method is method:
            return Shown(self._with_realm(once.identity, method), once)
        if rank <= FULLAUTH and pseudonym is not None and classify(pseudonym).method is method:
            return Shown(self._with_realm(pseudonym, method))
        permanent = self.form.permanent(self.imsi, self.plmn, method)
        sent = self.form.sent(permanent)
        return Shown(sent, inside=b"" if sent == permanent else permanent)

    def introduce(self, method: EapMethod) -> Shown:
        """What the UE calls itself before it was asked by EAP-AKA: in IDi and EAP-Response/Identity."""
        shown = self.show(method, ANY)
        if shown.inside:
            return Shown(ANONYMOUS + b"@" + shown.inside.partition(b"@")[2])
        return replace(shown, identity=self.form.decorated(shown.identity))

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
