"""The examiner on a store of either engine: it reads the keys that are there, and says so when it cannot."""

from dataclasses import replace

import pytest

from hss.api import ServiceRefused
from hss.auc import SubscriberKeys
from hss.explaining.examiner import Examiner
from hss.failure_api import Certainty, Hypothesis
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.store.database import Database
from tests.hss.conftest import Registry
from tests.hss.explaining.cards import IMSI, OP, OPC, K, challenge, out_of_step, rejected
from wire.aka.milenage import Milenage
from wire.identity import Imsi

CARD = Milenage(K, OPC)


@pytest.fixture(name="examiner")
def _examiner(database: Database, vault: Vault) -> Examiner:
    return Examiner(database, Custodian(vault), (OP,))


async def test_stored_op_is_found_by_a_refusal_and_by_auts(examiner: Examiner, registry: Registry) -> None:
    registry.add(keys=SubscriberKeys(K, OP))
    vector = challenge(Milenage(K, OP))
    for evidence in (rejected(vector), out_of_step(vector, CARD, 7)):
        found = await examiner.examine(evidence)
        assert found is not None
        assert (found.hypothesis, found.certainty) == (Hypothesis.OP_FOR_OPC, Certainty.PROVEN)
        assert K.hex() not in found.cause
        assert OP.hex() not in found.cause


async def test_sqn_is_found(examiner: Examiner, registry: Registry) -> None:
    registry.add()
    found = await examiner.examine(out_of_step(challenge(CARD, 5), CARD, 9))
    assert found is not None
    assert "5 steps behind" in found.cause


async def test_subscriber_who_is_gone_has_nothing_to_say(examiner: Examiner) -> None:
    assert await examiner.examine(replace(rejected(challenge(CARD)), imsi=Imsi("001010000000009"))) is None


async def test_keys_that_do_not_open_are_said_in_a_line(
    examiner: Examiner, registry: Registry, database: Database
) -> None:
    registry.add()
    registry.set(IMSI, k=bytes(60))
    with pytest.raises(ServiceRefused, match=r"subscriber\.k"):
        await examiner.examine(rejected(challenge(CARD)))
    await database.close()
    with pytest.raises(ServiceRefused, match="closed"):
        await examiner.examine(rejected(challenge(CARD)))
