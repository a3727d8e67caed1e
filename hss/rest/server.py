"""The REST API on a socket: TLS, uvicorn's protocol in the loop of the HSS, and a line in the log for what fails."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from hss.rest.config import ApiConfig
from hss.rest.import_desk import ImportDesk
from runtime.http_connections import FIRST_REQUEST, may_come, protocol
from runtime.listening import naming
from runtime.logs import get_logger
from runtime.taps import Address
from runtime.tls import server_context
from runtime.tls_door import TlsDoor

log = get_logger("hss.api")

IDLE_SECONDS = 30
"""How long a connection may be there between two requests."""
LEAVE_SECONDS = 5.0
"""How long requests may take when the HSS ends."""
HEAD_MAX = 16384
"""Octets of a request's head."""


class ApiServer:
    """Listens from `open` to `close`, inside a running loop."""

    def __init__(self, config: ApiConfig, app: ASGIApp, desk: ImportDesk) -> None:
        self._config = config
        self._desk = desk
        self._app = app
        self._state = ServerState()
        self._listener: asyncio.Server | None = None
        self._door: TlsDoor | None = None

    async def open(self) -> Address:
        """Listen; the address. ConfigError for a certificate that cannot be used, OSError when the port is taken."""
        self._door = door = TlsDoor(
            server_context(certificate=self._config.certificate, key=self._config.key),
            room=lambda host: "" if may_come(self._config, host) else None,
            most=self._config.connections,
            log=log,
            seconds=FIRST_REQUEST,
        )
        self._desk.open()
        settings = Config(
            guarded(self._app),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=IDLE_SECONDS,
            h11_max_incomplete_event_size=HEAD_MAX,
        )
        settings.load()
        made = protocol(self._config, "hss.api", log)
        with naming(self._config.address):
            self._listener = await asyncio.get_running_loop().create_server(
                lambda: door.incoming(lambda: made(settings, self._state, {})), *self._config.address
            )
        bound = self._listener.sockets[0].getsockname()
        return str(bound[0]), int(bound[1])

    async def close(self) -> None:
        """Answer what was asked, then end; an import ends at its next chunk."""
        if self._listener is not None:
            self._listener.close()
        if self._door is not None:
            await self._door.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        await self._desk.close()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=LEAVE_SECONDS)
        for task in list(self._state.tasks):
            task.cancel()


def guarded(app: ASGIApp) -> ASGIApp:
    """`app`, which fails no more: what it raises is a line in the log, after it has answered 500."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            log.error(
                "api request failed", cause=f"{type(error).__name__}: {error}", path=scope["path"], exc_info=error
            )

    return serve
