"""What the stored keys say by themselves, for a card that only says that it refuses AUTN (TS 35.206 §4.1)."""

import hmac
from collections.abc import Sequence

from sqlalchemy import Connection, select

from hss.algorithms import ProfileRefused, derive_opc
from hss.explaining.readings import Held
from hss.failure_api import Certainty, Hypothesis, Verdict
from hss.models import Algorithm, Subscriber
from wire.errors import EncodeError
from wire.secret import Secret

NEIGHBOURS = 200
"""How many subscribers on either side of the IMSI are looked at: a batch of cards has neighbouring IMSIs."""

_IS_OP = (
    "the stored OPc is the operator's OP: it was given as OPc; give the subscriber's keys with op= instead of opc= "
    "(akadia subscriber update --keys -)"
)
_IS_TWICE = (
    "the stored OPc follows from the subscriber's OPc as if that were OP: OPc was given as OP; give the subscriber's "
    "keys with opc= instead of op= (akadia subscriber update --keys -)"
)
_IS_ANOTHER = (
    "the stored OPc does not follow from K and any OP of operator_keys: K or OPc was entered wrong, or that list lacks "
    "an OP"
)
_IS_SHARED = (
    "{} neighbours with other K have the same OPc, and an OPc belongs to one K: it is an OP that was given as OPc; "
    "give the keys with op= instead of opc= (akadia subscriber update --keys -)"
)


def judge_stored(held: Held, sharing: int) -> Verdict | None:
    """Whether the stored OPc can be one at all; `sharing` is what `neighbours_sharing_opc` counted."""
    if held.settings.algorithm is Algorithm.TEST:
        return None
    fitting = [op for op in held.operator_keys if len(op) == len(held.keys.opc)]
    if any(hmac.compare_digest(op, held.keys.opc) for op in fitting):
        return Verdict(Hypothesis.OP_FOR_OPC, Certainty.PROVEN, _IS_OP)
    once = [opc for op in fitting if (opc := _derive(held, op)) is not None]
    if any(hmac.compare_digest(twice, held.keys.opc) for opc in once if (twice := _derive(held, opc)) is not None):
        return Verdict(Hypothesis.OP_FOR_OPC, Certainty.PROVEN, _IS_TWICE)
    if sharing:
        return Verdict(Hypothesis.OP_FOR_OPC, Certainty.INDICATED, _IS_SHARED.format(sharing))
    if once and not any(hmac.compare_digest(opc, held.keys.opc) for opc in once):
        return Verdict(Hypothesis.KEYS_DIFFER, Certainty.INDICATED, _IS_ANOTHER)
    return None


def neighbours_sharing_opc(connection: Connection, imsi: str) -> int:
    """How many of the next subscribers have the check value of this OPc beside another K's."""
    own = connection.execute(_CHECKS.where(Subscriber.imsi == imsi)).first()
    if own is None or own.opc_check is None:
        return 0
    after = _CHECKS.where(Subscriber.imsi > imsi).order_by(Subscriber.imsi).limit(NEIGHBOURS)
    before = _CHECKS.where(Subscriber.imsi < imsi).order_by(Subscriber.imsi.desc()).limit(NEIGHBOURS)
    rows: Sequence[tuple[bytes, bytes]] = [
        (row.k_check, row.opc_check) for one in (after, before) for row in connection.execute(one)
    ]
    return sum(k != own.k_check and opc == own.opc_check for k, opc in rows)


_CHECKS = select(Subscriber.k_check, Subscriber.opc_check)


def _derive(held: Held, op: Secret) -> Secret | None:
    try:
        return derive_opc(held.settings, held.keys.k, op)
    except (EncodeError, ProfileRefused):
        return None
