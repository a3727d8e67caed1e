"""`hss.failure_api.KeyWitness` on the store: it reads a subscriber's keys, computes beside the loop, shows nothing."""

import asyncio
from collections.abc import Sequence

from hss.algorithms import AlgorithmSettings, ProfileRefused, read_settings
from hss.api import Refusal, ServiceRefused
from hss.counting.rows import keys_of
from hss.explaining.judging import Known, judge
from hss.explaining.readings import Held
from hss.explaining.stored import judge_stored, neighbours_sharing_opc
from hss.failure_api import Evidence, Verdict
from hss.keys.custody import Custodian, SealedKeys
from hss.keys.vault import VaultError
from hss.models import Custody
from hss.store.database import Database
from hss.store.errors import StoreError
from wire.secret import Secret

Row = tuple[SealedKeys, dict[str, AlgorithmSettings], int]


class Examiner:
    """`operator_keys` are the operator's OP and TOP, where he has given them to say more."""

    def __init__(self, database: Database, custodian: Custodian, operator_keys: Sequence[Secret] = ()) -> None:
        self._database = database
        self._custodian = custodian
        self._operator_keys = tuple(operator_keys)

    async def examine(self, evidence: Evidence) -> Verdict | None:
        """As `KeyWitness.examine`."""
        try:
            row = await self._read(str(evidence.imsi))
            return None if row is None else await asyncio.to_thread(self._judge, evidence, *row)
        except (StoreError, VaultError, ProfileRefused) as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None

    async def _read(self, imsi: str) -> Row | None:
        sealed = await self._database.read(lambda connection: keys_of(connection, imsi))
        if sealed is None:
            return None
        await self._database.read(self._custodian.keyring.load)
        sharing = await self._database.read(lambda connection: neighbours_sharing_opc(connection, imsi))
        return sealed, await self._database.read(read_settings), sharing

    def _judge(
        self, evidence: Evidence, sealed: SealedKeys, profiles: dict[str, AlgorithmSettings], sharing: int
    ) -> Verdict | None:
        settings = profiles[sealed.profile]
        functions = self._custodian.functions(sealed, settings)
        if settings.custody is Custody.TOKEN:
            return judge(evidence, Known(functions, settings.ind_bits, settings.delta))
        held = Held(self._custodian.open(sealed), settings, profiles, self._operator_keys)
        known = Known(functions, settings.ind_bits, settings.delta, held)
        return judge(evidence, known, judge_stored(held, sharing))
