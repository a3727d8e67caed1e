"""A UE made of single strokes, to say anything to the server machines, right or wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, get_type_hints

from aaa.authorization import Authorized
from aaa.eap.aka_server import AkaServer
from aaa.eap.events import Effect, Event, SendEap
from aaa.eap.states import AkaState
from aaa.eap.temporary import Resumable
from hss.api import ApnProfile, Profile
from tests.captures import load_run
from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import Keys, derive_keys, resumed_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.encrypted import seal
from wire.eap.packet import EapCode
from wire.identity import EapMethod, Identity, Imsi
from wire.sansio import Moves, Transitions
from wire.secret import Secret

IMSI = Imsi("234150000000002")
REALM = "nai.epc.mnc015.mcc234.3gppnetwork.org"
AKA_IDENTITY = f"0{IMSI}@{REALM}".encode()
PRIME_IDENTITY = f"6{IMSI}@{REALM}".encode()
IDENTITIES = {EapMethod.AKA: AKA_IDENTITY, EapMethod.AKA_PRIME: PRIME_IDENTITY}
VECTOR = load_run("aka_full_resultind_then_reauth").exchanges[0].rounds[0].vector()
OTHER_VECTOR = replace(VECTOR, rand=bytes(range(16)))
AUTS = bytes(range(14))
GRANT = Authorized(Profile(IMSI, (ApnProfile(1, "internet"),), 1), ApnProfile(1, "internet"))

RESUMABLE = Resumable(IMSI, resumed_keys(EapMethod.AKA, Secret(bytes(range(20)))), 3, 1000)
PRIME_RESUMABLE = Resumable(IMSI, resumed_keys(EapMethod.AKA_PRIME, Secret(bytes(range(80)))), 3, 1000)
RESUMABLES = {EapMethod.AKA: RESUMABLE, EapMethod.AKA_PRIME: PRIME_RESUMABLE}
ONCE = {EapMethod.AKA: b"4once", EapMethod.AKA_PRIME: b"8once"}

Taken = set[tuple[type, type, type]]
TAKEN_BY_SERVER: Taken = set()
"""Every step that the EAP-AKA server took in tests of its own."""


def keys_of(method: EapMethod, vector: AuthVector = VECTOR, identity: bytes | None = None) -> Keys:
    """The keys that UE and server share after `vector`."""
    return derive_keys(method, identity or IDENTITIES[method], vector.ck, vector.ik, emsk=False)


def response(
    method: EapMethod, identifier: int, subtype: Subtype, *attributes: Attribute, k_aut: Secret | None = None
) -> bytes:
    """Any response; with `k_aut` an AT_MAC is added."""
    message = AkaMessage(EapCode.RESPONSE, identifier, method, subtype, Attributes(attributes))
    return message.build(k_aut)


def identity_response(method: EapMethod, identifier: int, identity: bytes) -> bytes:
    """EAP-Response/AKA-Identity."""
    return response(method, identifier, Subtype.IDENTITY, Attribute(At.IDENTITY, identity))


def challenge_response(
    method: EapMethod,
    identifier: int,
    *extra: Attribute,
    res: bytes | None = None,
    keys: Keys | None = None,
) -> bytes:
    """EAP-Response/AKA-Challenge to VECTOR, right unless it is told otherwise."""
    keys = keys or keys_of(method)
    items = (Attribute(At.RES, VECTOR.xres if res is None else res), *extra)
    return response(method, identifier, Subtype.CHALLENGE, *items, k_aut=keys.k_aut)


def sync_failure(method: EapMethod, identifier: int, *kdfs: int, auts: bytes = AUTS) -> bytes:
    """EAP-Response/AKA-Synchronization-Failure."""
    items = (Attribute(At.AUTS, auts), *(Attribute.number(At.KDF, kdf) for kdf in kdfs))
    return response(method, identifier, Subtype.SYNCHRONIZATION_FAILURE, *items)


def authentication_reject(method: EapMethod, identifier: int) -> bytes:
    """EAP-Response/AKA-Authentication-Reject."""
    return response(method, identifier, Subtype.AUTHENTICATION_REJECT)


def client_error(method: EapMethod, identifier: int) -> bytes:
    """EAP-Response/AKA-Client-Error, code 0."""
    return response(method, identifier, Subtype.CLIENT_ERROR, Attribute.number(At.CLIENT_ERROR_CODE, 0))


def notified(method: EapMethod, identifier: int, k_aut: Secret | None = None) -> bytes:
    """EAP-Response/AKA-Notification."""
    return response(method, identifier, Subtype.NOTIFICATION, k_aut=k_aut)


def sent(effects: list[Effect]) -> AkaMessage:
    """The one request that `effects` send."""
    (effect,) = effects
    assert isinstance(effect, SendEap), effect
    return AkaMessage.parse(effect.octets)


@dataclass
class Alone:
    """The EAP-AKA server as a machine, without the EAP layer around it."""

    server: AkaServer
    state: AkaState

    def handle(self, event: Event, now: float = 0.0) -> list[Effect]:
        self.state, effects = self.server.step(self.state, event, now)
        return effects


class _Machine(Protocol):
    @property
    def state(self) -> object: ...

    def handle(self, event: Event, now: float) -> list[Effect]: ...


class Recorded:
    """A machine whose every step is noted in `taken`."""

    def __init__(self, machine: _Machine, taken: Taken) -> None:
        self.machine = machine
        self._taken = taken

    @property
    def state(self) -> object:
        return self.machine.state

    def handle(self, event: Event, now: float = 0.0) -> list[Effect]:
        before = type(self.machine.state)
        effects = self.machine.handle(event, now)
        self._taken.add((before, type(event), type(self.machine.state)))
        return effects


@dataclass
class TemporaryIdentities:
    """`aaa.eap.temporary.Identities` that knows what it was told, and gives out what it was told."""

    pseudonyms: dict[str, Imsi] = field(default_factory=dict)
    once: dict[str, Resumable | Imsi] = field(default_factory=dict)
    encrypted: dict[bytes, bytes] = field(default_factory=dict)
    next_pseudonyms: list[bytes] = field(default_factory=list)
    next_onces: list[bytes] = field(default_factory=list)
    asked: list[object] = field(default_factory=list)

    def subscriber(self, identity: Identity) -> Imsi | None:
        return self.pseudonyms.get(identity.nai.username)

    def resume(self, identity: Identity, network_name: str | None) -> Resumable | Imsi | None:
        self.asked.append((identity.nai.username, network_name))
        return self.once.get(identity.nai.username)

    def reveal(self, octets: bytes) -> bytes | None:
        return self.encrypted.get(octets)

    def next_identities(self, imsi: Imsi, keys: Keys, network_name: str | None) -> tuple[bytes | None, bytes | None]:
        pseudonym = self.next_pseudonyms.pop(0) if self.next_pseudonyms else None
        return pseudonym, self.next_reauthentication(Resumable(imsi, keys), network_name)

    def next_reauthentication(self, following: Resumable, network_name: str | None) -> bytes | None:
        self.asked.append((following, network_name))
        return self.next_onces.pop(0) if self.next_onces else None


def resuming() -> TemporaryIdentities:
    """Temporary identities that know `4once` and `8once`."""
    return TemporaryIdentities(once={ONCE[method].decode(): one for method, one in RESUMABLES.items()})


def reauthentication_response(
    request: AkaMessage, *extra: Attribute, counter: int | None = None, too_small: bool = False
) -> bytes:
    """EAP-Response/AKA-Reauthentication to `request`, right unless it is told otherwise."""
    keys = RESUMABLES[request.method].keys
    asked = request.parse_encrypted(keys.k_encr)
    inside = [Attribute.number(At.COUNTER, (asked.number(At.COUNTER) or 0) if counter is None else counter)]
    inside += [Attribute(At.COUNTER_TOO_SMALL)] if too_small else []
    items = (*seal(inside, keys.k_encr, bytes(16)), *extra)
    message = AkaMessage(
        EapCode.RESPONSE, request.identifier, request.method, Subtype.REAUTHENTICATION, Attributes(items)
    )
    return message.build(keys.k_aut, asked.get(At.NONCE_S) or b"")


def listed(table: Transitions) -> Taken:
    """Every single step that a table allows."""
    return {(state, event, after) for (state, event), following in table.items() for after in following}


def misfits(made_by: Moves[Callable[..., object]]) -> list[tuple[type, type]]:
    """The lines of a table whose move is not for that state and that event, as its annotations say."""
    found = []
    for pair, (move, _) in made_by.items():
        hints = get_type_hints(move)
        takes = [hints.get(name) or hints[f"_{name}"] for name in ("state", "event")]
        if not all(issubclass(kind, taken) for kind, taken in zip(pair, takes, strict=True)):
            found.append(pair)
    return found


def seeded(count: int) -> bytes:
    """Entropy that is always the same."""
    return bytes(range(0x40, 0x40 + count))
