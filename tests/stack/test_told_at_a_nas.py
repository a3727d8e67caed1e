"""What the HSS changes reaches the NAS of a RADIUS client by Disconnect, and the last Stop ends the registration."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from akadia.laboratory import create
from akadia.template import RADIUS_ACCT_PORT
from hss.models import Registration
from hss.store.engines import transaction
from tests.aaa.radius.test_dynamic import Nas
from tests.lab import akadia
from tests.stack.radius_load import Tally, make_ues
from tests.stack.test_any_worker import serving, subscribe
from wire.radius.accounting import AcctStatusType
from wire.radius.codec import parse_packet
from wire.radius.packet import Code

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


async def test_who_is_barred_is_disconnected_at_his_nas(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab")
    database = laboratory.folder / "akadia.sqlite"
    subscribers = subscribe(laboratory, database)[:1]
    secret, nas = laboratory.radius_secret.read_bytes().strip(), Nas("127.0.0.1")
    host, port = nas.endpoint.local
    text = laboratory.config.read_text()
    laboratory.config.write_text(text.replace('coa = ""', f'coa = "{host}:{port}"', 1))

    def registered() -> list[str]:
        with transaction(database, read_only=True) as connection:
            return list(connection.scalars(select(Registration.imsi)))

    with serving(laboratory.config, str(laboratory.plan.block.aaa), tmp_path / "aaa.log") as node:
        await node.until("workers ready")
        (ue,) = make_ues(subscribers, [node.address], secret, Tally())
        await ue.authenticate()
        radius_class = ue.nas.radius_class
        assert radius_class is not None
        await ue.nas.account(AcctStatusType.START, "0001", radius_class, RADIUS_ACCT_PORT)
        assert registered() == [str(ue.imsi)]
        disabling = await asyncio.to_thread(
            akadia, "--config", str(laboratory.config), "subscriber", "disable", str(ue.imsi)
        )
        assert disabling.returncode == 0
        async with asyncio.timeout(20):
            while not nas.asked:  # noqa: ASYNC110 - it is about another process
                await asyncio.sleep(0.05)
        packet = parse_packet(nas.asked[0])
        assert (packet.code, packet.text("Acct-Session-Id")) == (Code.DISCONNECT_REQUEST, "0001")
        await ue.nas.account(AcctStatusType.STOP, "0001", radius_class, RADIUS_ACCT_PORT)
        async with asyncio.timeout(20):
            while registered():  # noqa: ASYNC110 - it is about another process
                await asyncio.sleep(0.05)
        ue.nas.close()
        nas.endpoint.close()
        assert "Traceback" not in node.log.read_text()
