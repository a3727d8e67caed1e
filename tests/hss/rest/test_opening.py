"""The API put together on an open store."""

from pathlib import Path
from random import Random

from hss.config import HssConfig
from hss.keys.vault import write_master_key
from hss.opened_store import open_store
from hss.rest.config import ApiConfig
from hss.rest.opening import api_server
from tests.hss.rest.asking import Client


async def test_server_answers_behind_its_gate(tmp_path: Path, database_path: Path) -> None:
    write_master_key(tmp_path / "master.key", Random(3).randbytes)
    raw = {"origin_host": "hss.example", "origin_realm": "example", "swx": "127.0.0.1:0"}
    hss = HssConfig.model_validate(raw, context={"folder": tmp_path})
    assert hss.database == database_path
    settings = {"address": "127.0.0.2:0", "certificate": "a.pem", "key": "a.key"}
    config = ApiConfig.model_validate(settings, context={"folder": tmp_path})
    async with open_store(hss) as store:
        server = api_server(config, store, hss.database, default_apn="internet", changed=lambda: None)
        assert (await Client(server._app)("GET", "/v1/subscribers")).problem[0] == 401
        await server.close()
