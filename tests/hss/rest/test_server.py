"""What fails behind the API is a line in the log, and no traceback for whoever asked."""

from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from hss.rest.config import ApiConfig
from hss.rest.server import ApiServer, guarded
from runtime.config import ConfigError
from tests.hss.rest.conftest import Api


async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("of the program")


async def test_failure_is_one_line() -> None:
    async def nothing(*_: object) -> None: ...

    with capture_logs() as lines:
        await guarded(failing)({"type": "http", "path": "/v1"}, nothing, nothing)  # type: ignore[arg-type]
    assert [(line["log_level"], line["cause"]) for line in lines] == [("error", "RuntimeError: of the program")]


async def test_certificate_that_is_not_there_is_named(api: Api, tmp_path: Path) -> None:
    config = ApiConfig.model_validate(
        {"address": "127.0.0.2:0", "certificate": "none.pem", "key": "none.key"}, context={"folder": tmp_path}
    )
    server = ApiServer(config, failing, api.desk)
    with pytest.raises(ConfigError, match=r"none\.pem cannot be read"):
        await server.open()
    await server.close()
