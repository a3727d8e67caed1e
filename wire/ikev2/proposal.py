"""Offering, selecting and checking proposals (RFC 7296 §2.7, §3.3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from wire.ciphers import (
    AES_CBC_128,
    AES_CBC_256,
    AES_GCM_16_128,
    AES_GCM_16_256,
    CHACHA20_POLY1305,
    ENCRYPTIONS,
    HMAC_SHA2_256_128,
    HMAC_SHA2_384_192,
    HMAC_SHA2_512_256,
    INTEGRITIES,
    Encryption,
    Integrity,
)
from wire.errors import ProtocolViolation
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384, PRF_HMAC_SHA2_512, PRFS, EspSuite, IkeSuite, Prf
from wire.ikev2.constants import Esn, ProtocolId, TransformType
from wire.ikev2.groups import (
    CURVE25519,
    ECP_256,
    ECP_384,
    ECP_521,
    GROUPS,
    MODP_2048,
    MODP_3072,
    MODP_4096,
    Group,
)
from wire.ikev2.payloads.sa import Proposal, Transform
from wire.ikev2.spis import ESP_SPI_OCTETS

_NONE = 0
_MOST_NAMED = 100
"""Transforms, of which a stranger can offer thousands."""
_OPTIONAL = frozenset({TransformType.INTEG, TransformType.DH})


def _keyed(encryption: Encryption) -> Transform:
    if not encryption.key_bits:
        return Transform(TransformType.ENCR, encryption.transform_id)
    return Transform.keyed(TransformType.ENCR, encryption.transform_id, encryption.key_bits)


def ike_proposal(
    encryptions: Iterable[Encryption], integrities: Iterable[Integrity], prfs: Iterable[Prf], groups: Iterable[Group]
) -> Proposal:
    """A proposal for an IKE SA, each list most wanted first.

    AEADs and other ciphers do not mix in one proposal (RFC 7296 §3.3); with AEADs `integrities` is empty.
    """
    return Proposal(
        0,
        ProtocolId.IKE,
        b"",
        (
            *(_keyed(encryption) for encryption in encryptions),
            *(Transform(TransformType.PRF, prf.transform_id) for prf in prfs),
            *(Transform(TransformType.INTEG, integrity.transform_id) for integrity in integrities),
            *(Transform(TransformType.DH, group.transform_id) for group in groups),
        ),
    )


def esp_proposal(
    encryptions: Iterable[Encryption],
    integrities: Iterable[Integrity],
    esns: Iterable[Esn] = (Esn.YES, Esn.NO),
) -> Proposal:
    """A proposal for a Child SA whose keys come from SK_d alone."""
    return Proposal(
        0,
        ProtocolId.ESP,
        b"",
        (
            *(_keyed(encryption) for encryption in encryptions),
            *(Transform(TransformType.INTEG, integrity.transform_id) for integrity in integrities),
            *(Transform(TransformType.ESN, esn) for esn in esns),
        ),
    )


_PRFS = (PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384, PRF_HMAC_SHA2_512)
_GROUPS = (CURVE25519, ECP_256, ECP_384, ECP_521, MODP_2048, MODP_3072, MODP_4096)
_AEADS = (AES_GCM_16_256, AES_GCM_16_128, CHACHA20_POLY1305)
_HMACS = (HMAC_SHA2_256_128, HMAC_SHA2_384_192, HMAC_SHA2_512_256)

IKE_PROPOSALS = (
    ike_proposal(_AEADS, (), _PRFS, _GROUPS),
    ike_proposal((AES_CBC_256, AES_CBC_128), _HMACS, _PRFS, _GROUPS),
)
"""What both ends offer and accept for an IKE SA unless told otherwise."""

ESP_PROPOSALS = (
    esp_proposal(_AEADS, ()),
    esp_proposal((AES_CBC_256, AES_CBC_128), _HMACS),
)
"""What both ends offer and accept for a Child SA unless told otherwise."""


def with_groups(policy: Iterable[Proposal], groups: Iterable[Group | None]) -> tuple[Proposal, ...]:
    """The same Child SA proposals with Diffie-Hellman groups, in which None allows to do without (CREATE_CHILD_SA)."""
    ids = [group.transform_id if group else _NONE for group in groups]
    transforms = tuple(Transform(TransformType.DH, transform_id) for transform_id in ids)
    return tuple(replace(proposal, transforms=proposal.transforms + transforms) for proposal in policy)


def without_groups(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """The same proposals as IKE_AUTH reads them: it makes no Diffie-Hellman exchange (RFC 7296 §1.2)."""
    return tuple(
        replace(proposal, transforms=tuple(t for t in proposal.transforms if t.kind != TransformType.DH))
        for proposal in proposals
    )


def without_esn(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """The same Child SA proposals with sequence numbers of 32 bits alone (RFC 7296 §3.3.2)."""
    extended = Transform(TransformType.ESN, Esn.YES)
    return tuple(
        replace(proposal, transforms=tuple(t for t in proposal.transforms if t != extended)) for proposal in proposals
    )


def offer(policy: Sequence[Proposal], spi: bytes = b"") -> tuple[Proposal, ...]:
    """The proposals of an SA payload, numbered from 1 (RFC 7296 §3.3.1), each with `spi`."""
    return tuple(replace(proposal, number=at, spi=spi) for at, proposal in enumerate(policy, 1))


def select(
    offered: Sequence[Proposal], policy: Sequence[Proposal], *, spi: bytes = b"", group: int | None = None
) -> Proposal | None:
    """The responder's choice: the first proposal of `policy` that meets one of `offered`, with `spi` as its own SPI.

    Of each transform type exactly one is chosen, in the order of `policy`; of the groups `group` first, where it is
    acceptable, for then the KE payload that came can be used (RFC 7296 §2.7). None is NO_PROPOSAL_CHOSEN.
    """
    for accepted in policy:
        for proposal in offered:
            chosen = _match(proposal, accepted, group)
            if chosen is not None:
                return Proposal(proposal.number, proposal.protocol_id, spi, chosen)
    return None


def check_answer(answer: Sequence[Proposal], offered: Sequence[Proposal]) -> Proposal:
    """The initiator's check that the answer is one of its own proposals, each type once (RFC 7296 §2.7).

    ProtocolViolation otherwise.
    """
    if len(answer) != 1:
        raise ProtocolViolation(f"the answer holds {len(answer)} proposals")
    chosen = answer[0]
    for proposal in offered:
        if proposal.number == chosen.number and _is_choice(chosen, proposal):
            return chosen
    raise ProtocolViolation("the answer is none of the proposals that were offered")


def peer_spi(offered: Iterable[Proposal], chosen: Proposal, *, octets: int = ESP_SPI_OCTETS) -> bytes:
    """The SPI that came with the proposal that was chosen; ProtocolViolation unless it has `octets` and is not 0."""
    for proposal in offered:
        if (proposal.number, proposal.protocol_id) == (chosen.number, chosen.protocol_id):
            if len(proposal.spi) != octets or not any(proposal.spi):
                break
            return proposal.spi
    raise ProtocolViolation("a proposal without a usable SPI")


def ike_suite(chosen: Proposal) -> IkeSuite:
    """The algorithms of a chosen proposal for an IKE SA; ProtocolViolation when one is missing."""
    by_type = {transform.kind: transform for transform in chosen.transforms}
    try:
        return IkeSuite(
            encryption=_encryption(by_type),
            integrity=_integrity(by_type),
            prf=PRFS[by_type[TransformType.PRF].transform_id],
            group=GROUPS[by_type[TransformType.DH].transform_id],
        )
    except KeyError:
        raise ProtocolViolation("the chosen proposal for the IKE SA lacks a transform") from None


def esp_suite(chosen: Proposal) -> EspSuite:
    """The algorithms of a chosen proposal for a Child SA; ProtocolViolation when one is missing."""
    by_type = {transform.kind: transform for transform in chosen.transforms}
    group, esn = by_type.get(TransformType.DH), by_type.get(TransformType.ESN)
    try:
        return EspSuite(
            encryption=_encryption(by_type),
            integrity=_integrity(by_type),
            esn=esn is not None and esn.transform_id == Esn.YES,
            group=GROUPS[group.transform_id] if group and group.transform_id else None,
        )
    except KeyError:
        raise ProtocolViolation("the chosen proposal for the Child SA lacks a transform") from None


def describe(proposals: Iterable[Proposal]) -> str:
    """One line for the log: what was offered or is wanted, by name where there is one, and no longer than is read."""
    told, left, more = [], _MOST_NAMED, 0
    for proposal in proposals:
        named = proposal.transforms[:left]
        left -= len(named)
        more += len(proposal.transforms) - len(named)
        told += [" ".join(map(_name, named))] if named else []
    return " | ".join(told) + (f" and {more} more" if more else "")


_NAMES: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        **{(TransformType.PRF, prf.transform_id): prf.name for prf in PRFS.values()},
        **{(TransformType.INTEG, known.transform_id): known.name for known in INTEGRITIES.values()},
        **{(TransformType.DH, group.transform_id): group.name for group in GROUPS.values()},
        (TransformType.ESN, Esn.NO): "NO_ESN",
        (TransformType.ESN, Esn.YES): "ESN",
    }
)


def _name(transform: Transform) -> str:
    if transform.kind == TransformType.ENCR:
        known = ENCRYPTIONS.get((transform.transform_id, transform.key_bits or 0))
        return known.name if known else f"ENCR-{transform.transform_id}-{transform.key_bits or 0}"
    return _NAMES.get((transform.kind, transform.transform_id), f"{transform.kind}:{transform.transform_id}")


def _by_type(proposal: Proposal) -> dict[int, list[Transform]]:
    found: dict[int, list[Transform]] = {}
    for transform in proposal.transforms:
        found.setdefault(transform.kind, []).append(transform)
    return found


def _match(proposal: Proposal, accepted: Proposal, group: int | None) -> tuple[Transform, ...] | None:
    if proposal.protocol_id != accepted.protocol_id:
        return None
    offered, wanted = _by_type(proposal), _by_type(accepted)
    missing = ((kind, transforms) for kind, transforms in wanted.items() if kind not in offered)
    if not all(_is_dispensable(*each) or _goes_without_saying(*each) for each in missing):
        return None
    chosen = []
    for kind, transforms in offered.items():
        preferred = sorted(
            wanted.get(kind, ()), key=lambda wish: kind != TransformType.DH or wish.transform_id != group
        )
        found = next((wish for wish in preferred if wish in transforms), None)
        if found is not None:
            chosen.append(found)
        elif kind in wanted or not _is_dispensable(kind, transforms):
            # A type that we do not know refuses the proposal (RFC 7296 §3.3.6).
            return None
    return tuple(chosen)


def _is_dispensable(kind: int, transforms: Iterable[Transform]) -> bool:
    return kind in _OPTIONAL and any(transform.transform_id == _NONE for transform in transforms)


def _goes_without_saying(kind: int, transforms: Iterable[Transform]) -> bool:
    """Peers that know no extended sequence numbers leave the type out, which RFC 7296 §3.3.3 has every one name."""
    return kind == TransformType.ESN and any(transform.transform_id == Esn.NO for transform in transforms)


def _is_choice(chosen: Proposal, offered: Proposal) -> bool:
    kinds = [transform.kind for transform in chosen.transforms]
    if chosen.protocol_id != offered.protocol_id or len(kinds) != len(set(kinds)):
        return False
    needed = {kind for kind, transforms in _by_type(offered).items() if not _is_dispensable(kind, transforms)}
    return needed <= set(kinds) and all(
        transform in offered.transforms or _is_dispensable(transform.kind, (transform,))
        for transform in chosen.transforms
    )


def _encryption(by_type: Mapping[int, Transform]) -> Encryption:
    transform = by_type[TransformType.ENCR]
    return ENCRYPTIONS[transform.transform_id, transform.key_bits or 0]


def _integrity(by_type: Mapping[int, Transform]) -> Integrity | None:
    transform = by_type.get(TransformType.INTEG)
    if _encryption(by_type).is_aead:
        return None
    if transform is None:
        raise ProtocolViolation("a block cipher without an integrity transform")
    return INTEGRITIES[transform.transform_id]
