"""Temporary identities that carry all that the server must know, so that none has to be stored (RFC 4187 §4.1.1, §5).

What this trades is told in ARCHITECTURE.md: whoever has the key of an epoch reads the identities of that epoch, and the
keys that the fast re-authentication identities among them hold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from aaa.eap.temporary import Resumable
from aaa.identities import encrypted_pseudonym, privacy
from aaa.identities.contents import (
    RANDOM_LENGTH,
    Pseudonym,
    Resumption,
    network_mark,
    pack_pseudonym,
    pack_resumption,
)
from aaa.identities.epochs import SHORT_LABELS, Epoch, Keyring
from aaa.identities.sealing import derived_key, seal, unseal
from aaa.identities.spent import UsedCounters
from wire.eap.aka_keys import Keys, resumed_keys, resumption_secret
from wire.errors import DecodeError
from wire.identity import EapMethod, Identity, IdentityKind, Imsi, leading_character
from wire.sansio import RandomBytes
from wire.secret import Secret

LONGEST = 253
"""Octets of a NAI that RADIUS can carry (RFC 7542 §2.3)."""

SKEW = 300
"""Seconds by which another node's clock may be ahead of ours."""

COUNTER_MAX = 0xFFFF
_PSEUDONYMS = b"akadia 3GPP pseudonym"
_PSEUDONYM_LEADS, _REAUTHENTICATION_LEADS = (
    {method: leading_character(kind, method).encode() for method in EapMethod}
    for kind in (IdentityKind.PSEUDONYM, IdentityKind.REAUTHENTICATION)
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an identity is good for; ages in seconds, a re-authentication's from the full authentication on.

    `reauthentications` is how many may follow one full authentication, 0 for none. `realm` is put behind fast
    re-authentication identities, so that they come back to this server (RFC 4187 §4.1.1.8); "" leaves that to the UE.
    """

    pseudonyms: bool = True
    pseudonyms_of_3gpp: bool = False
    pseudonym_age: int = 30 * 86400
    reauthentications: int = 100
    reauthentication_age: int = 86400
    realm: str = ""


class SealedIdentities:
    """`aaa.eap.temporary.Identities` without a store.

    `keyring` gives the keyring as it is now, `clock` seconds of Unix time, which all nodes share.
    """

    def __init__(
        self,
        *,
        keyring: Callable[[], Keyring],
        clock: Callable[[], float],
        random: RandomBytes,
        limits: Limits | None = None,
        privacy_keys: Sequence[RSAPrivateKey] = (),
        used: UsedCounters | None = None,
    ) -> None:
        self._keyring = keyring
        self._clock = clock
        self._random = random
        self._limits = limits or Limits()
        self._counter_max = min(self._limits.reauthentications, COUNTER_MAX)
        self._resumable_for = self._limits.reauthentication_age
        self._gives_sealed = self._limits.pseudonyms and not self._limits.pseudonyms_of_3gpp
        self._may_be_resumed = self._may_resume(1, 0, 0)
        self._at_realm = f"@{self._limits.realm}".encode() if self._limits.realm else b""
        self._privacy_keys = privacy_keys
        self._used = UsedCounters() if used is None else used

    def subscriber(self, identity: Identity) -> Imsi | None:
        """The subscriber of a pseudonym that is neither too old nor revoked."""
        keyring, username = self._keyring(), identity.nai.username
        pseudonym = self._encrypted(keyring, username) or self._sealed(keyring, username)
        if pseudonym is None or keyring.is_revoked(pseudonym.imsi, pseudonym.issued):
            return None
        is_valid = -SKEW <= self._clock() - pseudonym.issued < self._limits.pseudonym_age
        return pseudonym.imsi if is_valid else None

    def resume(self, identity: Identity, network_name: str | None) -> Resumable | Imsi | None:
        """What it stands for; a full authentication is due after too many, too long, elsewhere or the second time."""
        held = self._held(identity)
        if held is None:
            return None
        resumable, network = held
        since = resumable.since or 0
        if self._keyring().is_revoked(resumable.imsi, since):
            return None
        may = self._may_resume(resumable.counter, self._clock(), since) and network == network_mark(network_name)
        chain = sha256(resumption_secret(resumable.keys)).digest()
        return resumable if may and self._used.use(chain, resumable.counter) else resumable.imsi

    def recall(self, identity: Identity) -> Resumable | None:
        """What a fast re-authentication identity holds, whether or not it may be used, and without using it up."""
        held = self._held(identity)
        return None if held is None else held[0]

    def _held(self, identity: Identity) -> tuple[Resumable, bytes] | None:
        """And the mark of its access network."""
        plain = unseal(self._keyring(), identity.nai.username)
        if plain is None or identity.method is None or identity.kind is not IdentityKind.REAUTHENTICATION:
            return None
        try:
            found = Resumption.parse(plain)
            keys = resumed_keys(identity.method, found.secret)
        except DecodeError:
            return None
        octets = str(identity.nai).encode()
        return Resumable(found.imsi, keys, found.counter, found.since, octets), found.network

    def reveal(self, octets: bytes) -> bytes | None:
        """The permanent identity in an encrypted one."""
        return privacy.reveal(octets, self._privacy_keys)

    def next_identities(self, imsi: Imsi, keys: Keys, network_name: str | None) -> tuple[bytes | None, bytes | None]:
        """A new pseudonym, sealed or in the format of the 3GPP, and a new identity for the first counter.

        None for each when there is no key, or none is wanted.
        """
        now = int(self._clock())
        epoch = self._keyring().sealing(now)
        if epoch is None:
            return None, None
        if self._gives_sealed:
            plain = pack_pseudonym(imsi, now, self._random(RANDOM_LENGTH))
            pseudonym: bytes | None = seal(epoch, _PSEUDONYM_LEADS[keys.method], plain)
        else:
            pseudonym = self._of_3gpp(epoch, imsi, keys.method, now) if self._limits.pseudonyms else None
        return pseudonym, self._once(epoch, imsi, keys, 1, now, network_name) if self._may_be_resumed else None

    def _of_3gpp(self, epoch: Epoch, imsi: Imsi, method: EapMethod, issued: int) -> bytes:
        key = _pseudonym_key(epoch)
        random = issued.to_bytes(4, "big") + self._random(encrypted_pseudonym.RANDOM_LENGTH - 4)
        lead = leading_character(IdentityKind.PSEUDONYM, method)
        return encrypted_pseudonym.encrypt(imsi, lead, epoch.number % SHORT_LABELS, key, random).encode()

    def next_reauthentication(self, following: Resumable, network_name: str | None) -> bytes | None:
        """A new identity for the next counter; None when there is no key, or no re-authentication may follow."""
        now = int(self._clock())
        counter, since = following.counter, now if following.since is None else following.since
        epoch = self._keyring().sealing(now)
        if epoch is None or not self._may_resume(counter, now, since):
            return None
        return self._once(epoch, following.imsi, following.keys, counter, since, network_name)

    def _once(
        self, epoch: Epoch, imsi: Imsi, keys: Keys, counter: int, since: int, network_name: str | None
    ) -> bytes | None:
        network, random = network_mark(network_name), self._random(RANDOM_LENGTH)
        plain = pack_resumption(imsi, since, counter, network, random, resumption_secret(keys))
        identity = seal(epoch, _REAUTHENTICATION_LEADS[keys.method], plain) + self._at_realm
        return identity if len(identity) <= LONGEST else None

    def _may_resume(self, counter: int, now: float, since: int) -> bool:
        return 1 <= counter <= self._counter_max and -SKEW <= now - since < self._resumable_for

    def _sealed(self, keyring: Keyring, username: str) -> Pseudonym | None:
        plain = unseal(keyring, username)
        try:
            return None if plain is None else Pseudonym.parse(plain)
        except DecodeError:
            return None

    def _encrypted(self, keyring: Keyring, username: str) -> Pseudonym | None:
        indicator = encrypted_pseudonym.key_indicator(username)
        epoch = None if indicator is None else keyring.opening(indicator, SHORT_LABELS)
        if epoch is None or not self._limits.pseudonyms_of_3gpp:
            return None
        try:
            imsi, random = encrypted_pseudonym.decrypt(username, _pseudonym_key(epoch))
        except DecodeError:
            return None
        return Pseudonym(imsi, int.from_bytes(random[:4], "big"))


def _pseudonym_key(epoch: Epoch) -> Secret:
    return derived_key(epoch, _PSEUDONYMS, encrypted_pseudonym.KEY_LENGTH)
