"""The ways in which a subscriber's keys may have been read by whoever made the card (TS 35.206 §4.1, TS 35.231 §6)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hss.algorithms import AlgorithmSettings, ProfileRefused, derive_opc, functions_for
from hss.auc import SubscriberKeys
from hss.failure_api import Hypothesis
from hss.models import Algorithm, Custody
from wire.aka.functions import AkaFunctions
from wire.aka.xor import TestAlgorithm
from wire.errors import EncodeError
from wire.secret import Secret

_STORED_OP = (
    "the card computes with the OPc that follows from the stored one: OP was stored as OPc, or the card was given OPc "
    "as OP; give the subscriber's keys with op= instead of opc= (akadia subscriber update --keys -)"
)
_OP_ON_CARD = "the card computes with OP itself where OPc is due; write OPc on the card"
_STORED_TWICE = (
    "the card computes with the OPc that follows from K and the operator's OP, and the store has another: OPc was "
    "probably given as OP; give the subscriber's keys with opc= instead of op= (akadia subscriber update --keys -)"
)
_PROFILE = "the card computes with the functions of profile {0}; akadia subscriber update --profile {0}"
_USUAL = "the card computes {0} with its usual constants; give the subscriber such a profile (akadia profile add)"
_TEST = "the card computes with the test algorithm (TS 34.108 §8.1.2) and the stored K; give it another profile"


@dataclass(frozen=True, slots=True)
class Reading:
    """One assumption about the card: which functions it has then, and what an operator is told if they fit."""

    hypothesis: Hypothesis
    cause: str
    functions: AkaFunctions


@dataclass(frozen=True, slots=True)
class Held:
    """All that the store has to try: the subscriber's keys and profile, all profiles, the operator's OP and TOP."""

    keys: SubscriberKeys
    settings: AlgorithmSettings
    profiles: Mapping[str, AlgorithmSettings]
    operator_keys: Sequence[Secret] = ()


def readings(held: Held) -> Iterator[Reading]:
    """Every reading of the keys but the right one; those that lengths rule out are left out."""
    k, opc, own = held.keys.k, held.keys.opc, held.settings
    yield from _confused(own, k, _derived(own, k, opc), _STORED_OP)
    for op in held.operator_keys:
        yield from _confused(own, k, op, _OP_ON_CARD)
        yield from _confused(own, k, _derived(own, k, op), _STORED_TWICE)
    yield from _of_other_profiles(held)
    if own.algorithm is not Algorithm.TEST and len(k) == 16:
        yield Reading(Hypothesis.ALGORITHM, _TEST, TestAlgorithm(k))


def _confused(settings: AlgorithmSettings, k: Secret, opc: Secret | None, cause: str) -> Iterator[Reading]:
    functions = None if opc is None else _functions(settings, k, opc)
    if functions is not None and settings.algorithm is not Algorithm.TEST:
        yield Reading(Hypothesis.OP_FOR_OPC, cause, functions)


def _of_other_profiles(held: Held) -> Iterator[Reading]:
    """The store's other profiles, and the usual constants of every algorithm; with each operator key in OPc's place."""
    k = held.keys.k
    seen = {_kind(held.settings)}
    usual = [AlgorithmSettings("", algorithm) for algorithm in (Algorithm.MILENAGE, Algorithm.TUAK)]
    for settings in (*held.profiles.values(), *usual):
        if _kind(settings) in seen or settings.algorithm is Algorithm.TEST:
            continue
        seen.add(_kind(settings))
        cause = _PROFILE.format(settings.name) if settings.name else _USUAL.format(settings.algorithm.value)
        for opc in (held.keys.opc, *(_derived(settings, k, op) for op in held.operator_keys)):
            functions = None if opc is None else _functions(settings, k, opc)
            if functions is not None:
                yield Reading(Hypothesis.ALGORITHM, cause, functions)


def _kind(settings: AlgorithmSettings) -> tuple[Algorithm, str | None]:
    return settings.algorithm, settings.parameters


def _derived(settings: AlgorithmSettings, k: Secret, op: Secret) -> Secret | None:
    try:
        return derive_opc(settings, k, op)
    except (EncodeError, ProfileRefused):
        return None


def _functions(settings: AlgorithmSettings, k: Secret, opc: Secret) -> AkaFunctions | None:
    try:
        return functions_for(replace(settings, custody=Custody.SEALED), k, opc)
    except ProfileRefused:
        return None
