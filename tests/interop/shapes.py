"""What a conversation over RADIUS looks like from outside, and in what two of them differ."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

VENDOR_SPECIFIC = 26
_CODES = {1: "Access-Request", 2: "Access-Accept", 3: "Access-Reject", 11: "Access-Challenge"}
_EAP_CODES = {1: "Request", 2: "Response", 3: "Success", 4: "Failure"}
_AKA = (23, 50)
_RADIUS = {
    "1": "User-Name", "24": "State", "25": "Class", "27": "Session-Timeout", "79": "EAP-Message",
    "80": "Message-Authenticator", "102": "EAP-Key-Name", "185": "WLAN-Reason-Code",
}  # fmt: skip
_AT = {
    1: "AT_RAND", 2: "AT_AUTN", 3: "AT_RES", 4: "AT_AUTS", 7: "AT_NONCE_MT", 10: "AT_PERMANENT_ID_REQ", 11: "AT_MAC",
    12: "AT_NOTIFICATION", 13: "AT_ANY_ID_REQ", 14: "AT_IDENTITY", 17: "AT_FULLAUTH_ID_REQ", 19: "AT_COUNTER",
    22: "AT_CLIENT_ERROR_CODE", 23: "AT_KDF_INPUT", 24: "AT_KDF", 129: "AT_IV", 130: "AT_ENCR_DATA",
    134: "AT_CHECKCODE", 135: "AT_RESULT_IND", 136: "AT_BIDDING",
}  # fmt: skip
_SUBTYPE = {
    1: "Challenge", 2: "Authentication-Reject", 4: "Synchronization-Failure", 5: "Identity", 12: "Notification",
    13: "Reauthentication", 14: "Client-Error",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """One packet: `said` is its place in the conversation, such as "Access-Challenge AKA-Challenge Request".

    `attributes` are the types of RADIUS in their order, each with its length; `eap` those of EAP-AKA likewise, with the
    value where it is a code. `identifier` is by how much that of EAP differs from the EAP packet before.
    """

    said: str
    attributes: tuple[tuple[str, int], ...]
    eap: tuple[tuple[str, int | str], ...]
    identifier: int


@dataclass(frozen=True, slots=True)
class Difference:
    """`aspect` of the packet that is `said`, as the foreign server has it and as ours has it."""

    said: str
    aspect: str
    theirs: object
    ours: object


Conversation = list[Shape]


def conversations(packets: Sequence[bytes]) -> list[Conversation]:
    """The shape of every packet of RADIUS, conversation by conversation."""
    found: list[Conversation] = [[]]
    for shape in _shapes(packets):
        found[-1].append(shape)
        if not shape.said.startswith(("Access-Request", "Access-Challenge")):
            found.append([])
    return found if found[-1] else found[:-1]


def _shapes(packets: Sequence[bytes]) -> Iterator[Shape]:
    before = 0
    for packet in packets:
        attributes = list(_radius(packet))
        eap = b"".join(value for kind, value in attributes if kind == "EAP-Message")
        # the client begins with whatever number it likes
        step = 0 if eap[0] == 2 and eap[4] == 1 else (eap[1] - before) % 256
        before = eap[1]
        kind = _eap_kind(eap)
        lengths = tuple((name, len(value)) for name, value in attributes)
        yield Shape(f"{_CODES[packet[0]]} {kind}", _merged(lengths), tuple(_aka(eap)), step)


def differences(theirs: Conversation, ours: Conversation) -> list[Difference]:
    """Packet by packet; of conversations whose packets are not the same, in which they part, and no more."""
    found: list[Difference] = []
    for their, our in zip(theirs, ours, strict=False):
        if their.said != our.said:
            return [*found, Difference(their.said, "what is said", their.said, our.said)]
        found += _of_packet(their, our)
    if len(theirs) != len(ours):
        longer, shorter = (theirs, ours) if len(theirs) > len(ours) else (ours, theirs)
        found.append(Difference(longer[len(shorter)].said, "how long it lasts", len(theirs), len(ours)))
    return found


def _of_packet(theirs: Shape, ours: Shape) -> Iterator[Difference]:
    for aspect, their, our in (("RADIUS", theirs.attributes, ours.attributes), ("EAP", theirs.eap, ours.eap)):
        their_names, our_names = [name for name, _ in their], [name for name, _ in our]
        missing = [name for name in their_names if name not in our_names]
        more = [name for name in our_names if name not in their_names]
        yield from (Difference(theirs.said, f"{aspect} {name}", "there", "not there") for name in missing)
        yield from (Difference(theirs.said, f"{aspect} {name}", "not there", "there") for name in more)
        order = [name for name in their_names if name in our_names]
        if order != [name for name in our_names if name in their_names]:
            yield Difference(theirs.said, f"{aspect} order", tuple(their_names), tuple(our_names))
        lengths = dict(our)
        for name, length in their:
            if name in lengths and lengths[name] != length:
                yield Difference(theirs.said, f"{aspect} {name} length", length, lengths[name])
    if theirs.identifier != ours.identifier:
        yield Difference(theirs.said, "Identifier step", theirs.identifier, ours.identifier)


def _radius(packet: bytes) -> Iterator[tuple[str, bytes]]:
    at = 20
    while at < len(packet):
        kind, length = packet[at], packet[at + 1]
        value = packet[at + 2 : at + length]
        name = _RADIUS.get(str(kind), str(kind))
        if kind == VENDOR_SPECIFIC:
            name = f"{kind}.{struct.unpack('>I', value[:4])[0]}.{value[4]}"
        yield name, value
        at += length


def _merged(attributes: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """EAP-Message once, however often it stands there; its length is told by what is in it."""
    found: dict[str, int] = {}
    for name, length in attributes:
        found[name] = 0 if name == "EAP-Message" else length
    return tuple(found.items())


def _eap_kind(eap: bytes) -> str:
    code = _EAP_CODES[eap[0]]
    if eap[0] > 2:
        return code
    if eap[4] not in _AKA:
        return f"type {eap[4]} {code}"
    return f"AKA-{_SUBTYPE[eap[5]]} {code}"


def _aka(eap: bytes) -> Iterator[tuple[str, int | str]]:
    if eap[0] > 2 or eap[4] not in _AKA:
        return
    at = 8
    while at < len(eap):
        kind, length = eap[at], 4 * eap[at + 1]
        name = _AT.get(kind, f"attribute {kind}")
        is_code = name in {"AT_NOTIFICATION", "AT_CLIENT_ERROR_CODE", "AT_BIDDING", "AT_KDF"}
        yield name, eap[at + 2 : at + 4].hex() if is_code else length
        at += length
