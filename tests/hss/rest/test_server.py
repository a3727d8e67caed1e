"""What fails behind the API is a line in the log, and no traceback for whoever asked."""

from io import StringIO
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from hss.rest.config import ApiConfig
from hss.rest.server import ApiServer, guarded
from runtime import logs
from runtime.config import ConfigError
from tests.hss.rest.conftest import Api
from tests.leaks import forms
from wire.secret import Secret


async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("of the program")


async def test_failure_is_one_line() -> None:
    async def nothing(*_: object) -> None: ...

    with capture_logs() as lines:
        await guarded(failing)({"type": "http", "path": "/v1"}, nothing, nothing)  # type: ignore[arg-type]
    assert [(line["log_level"], line["cause"]) for line in lines] == [("error", "RuntimeError: of the program")]


async def test_traceback_of_a_failure_shows_no_key() -> None:
    key = Secret(b"a key of 16 octe")

    async def nothing(*_: object) -> None: ...

    async def holding(_scope: Scope, _receive: Receive, _send: Send) -> None:
        copies = [key, {"k": key}]
        raise RuntimeError(f"with {copies} and {key!r}")

    output = StringIO()
    logs.configure("debug", "text", output)
    await guarded(holding)({"type": "http", "path": "/v1"}, nothing, nothing)  # type: ignore[arg-type]
    said = output.getvalue()
    assert "Traceback" in said
    assert "holding" in said
    assert not any(form.decode("latin-1") in said for form in forms(key))


async def test_certificate_that_is_not_there_is_named(api: Api, tmp_path: Path) -> None:
    config = ApiConfig.model_validate(
        {"address": "127.0.0.2:0", "certificate": "none.pem", "key": "none.key"}, context={"folder": tmp_path}
    )
    server = ApiServer(config, failing, api.desk)
    with pytest.raises(ConfigError, match=r"none\.pem cannot be read"):
        await server.open()
    await server.close()
