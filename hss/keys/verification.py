"""Whether keys that somebody has are those of a subscriber, without showing which are (TS 35.206 §4.1)."""

import hmac
from dataclasses import dataclass, replace
from enum import Enum

from hss.algorithms import AlgorithmSettings, derive_opc, functions_for
from hss.auc import SubscriberKeys
from hss.models import Custody
from wire.aka.functions import AkaFunctions
from wire.aka.vector import AMF_SEPARATION_BIT
from wire.errors import EncodeError
from wire.secret import Secret


class OpcVerdict(Enum):
    """What the operator's value that was given is to the stored OPc."""

    SAME = "it is the stored OPc"
    OP = "it is OP: the stored OPc is derived from it"
    OPC_AS_OP = "the stored OPc is derived from it as if it were OP: OPc was probably given for OP when it was added"
    DIFFERENT = "it is another one"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`amf` is None where none was given."""

    k: bool
    opc: OpcVerdict
    amf: bool | None = None
    amf_hint: str | None = None

    @property
    def matches(self) -> bool:
        """Whether all that was given is what is stored."""
        return self.k and self.opc in (OpcVerdict.SAME, OpcVerdict.OP) and self.amf is not False


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has: K, and OPc or OP, perhaps AMF (16 bits)."""

    k: Secret
    opc: Secret | None = None
    op: Secret | None = None
    amf: int | None = None


def verify(given: Given, stored: SubscriberKeys, stored_amf: int, settings: AlgorithmSettings) -> Verdict:
    """Compare in constant time; neither side is shown by what is said."""
    same_amf = None if given.amf is None else given.amf == stored_amf
    return Verdict(
        k=hmac.compare_digest(given.k, stored.k),
        opc=_opc(given, stored, settings),
        amf=same_amf,
        amf_hint=_amf_hint(given.amf, stored_amf) if same_amf is False else None,
    )


def verify_by_functions(
    given: Given, stored: AkaFunctions, stored_amf: int, settings: AlgorithmSettings, rand: bytes
) -> Verdict:
    """As `verify`, where K is in a token: both compute a vector for `rand`; K and OPc are right or wrong together."""
    same_amf = None if given.amf is None else given.amf == stored_amf
    hint = _amf_hint(given.amf, stored_amf) if same_amf is False else None
    wanted = stored.vector(rand, bytes(6), bytes(2))
    verdicts = []
    for verdict, opc in _readings(given, settings):
        found = functions_for(settings, given.k, opc).vector(rand, bytes(6), bytes(2))
        if hmac.compare_digest(b"".join(found), b"".join(wanted)):
            verdicts.append(verdict)
    opc_verdict = verdicts[0] if verdicts else OpcVerdict.DIFFERENT
    return Verdict(k=bool(verdicts), opc=opc_verdict, amf=same_amf, amf_hint=hint)


def _readings(given: Given, settings: AlgorithmSettings) -> list[tuple[OpcVerdict, Secret]]:
    value = given.opc or given.op or Secret()
    sealed = replace(settings, custody=Custody.SEALED)
    derived = OpcVerdict.OP if given.op is not None else OpcVerdict.OPC_AS_OP
    return [(OpcVerdict.SAME, value), (derived, derive_opc(sealed, given.k, value))]


def _opc(given: Given, stored: SubscriberKeys, settings: AlgorithmSettings) -> OpcVerdict:
    value = given.opc or given.op or Secret()
    # what was given may be called by the wrong name, so both readings are tried
    if hmac.compare_digest(value, stored.opc):
        return OpcVerdict.SAME
    if not _derived(settings, stored.k, value, stored.opc):
        return OpcVerdict.DIFFERENT
    return OpcVerdict.OP if given.op is not None else OpcVerdict.OPC_AS_OP


def _derived(settings: AlgorithmSettings, k: Secret, value: Secret, opc: Secret) -> bool:
    try:
        return hmac.compare_digest(derive_opc(settings, k, value), opc)
    except EncodeError:
        return False


def _amf_hint(given: int | None, stored: int) -> str:
    if given is not None and given ^ stored == AMF_SEPARATION_BIT:
        return "AMF differs in the separation bit alone (TS 33.102 Annex H)"
    return "AMF differs"
