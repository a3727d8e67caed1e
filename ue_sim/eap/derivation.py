"""AT_KDF negotiation and the comparison of network names at the peer (RFC 9048 §3.1, §3.2)."""

from dataclasses import dataclass

from wire.eap.constants import KDF_CK_PRIME


@dataclass(frozen=True, slots=True)
class KdfAgreed:
    """The first of the list is the one that this peer uses."""


@dataclass(frozen=True, slots=True)
class KdfWanted:
    """Another of the list than its first is the one that this peer uses."""

    kdf: int


@dataclass(frozen=True, slots=True)
class KdfRefused:
    """The list holds nothing that this peer uses, or is not well made."""

    reason: str


def judge_kdfs(kdfs: tuple[int, ...], offered: tuple[int, ...]) -> KdfAgreed | KdfWanted | KdfRefused:
    """Judge the AT_KDF list `kdfs`; `offered` is the list this peer asked for another order of, or empty."""
    if offered:
        # RFC 9048 §3.2: the one change allowed is the wanted function repeated in front of the list.
        if kdfs == (KDF_CK_PRIME, *offered):
            return KdfAgreed()
        return KdfRefused("AT_KDF did not change as this UE asked")
    if len(set(kdfs)) != len(kdfs):
        return KdfRefused("AT_KDF repeats a function")
    if KDF_CK_PRIME not in kdfs:
        return KdfRefused("AT_KDF offers no function that this UE has")
    return KdfAgreed() if kdfs[0] == KDF_CK_PRIME else KdfWanted(KDF_CK_PRIME)


def is_network_name(received: bytes, expected: str | None) -> bool:
    """Whether AT_KDF_INPUT names a network, and the `expected` one unless that is None.

    Fields are separated by colons; fields that one side alone has are passed over (RFC 9048 §3.1).
    """
    if not received:
        return False
    if expected is None:
        return True
    return all(
        ours == theirs for ours, theirs in zip(expected.encode().split(b":"), received.split(b":"), strict=False)
    )
