"""`akadia hss auc-socket`: vectors for hostapd over a Unix datagram socket (hss.faces.auc_socket)."""

import asyncio
import socket
from pathlib import Path

from hss.api import Resynchronisation, ServiceRefused, VectorRequest
from hss.config import HssConfig
from hss.faces.auc_socket import LONGEST, AkaAuts, AkaRequest, AucRequest, answer, parse
from hss.opened_store import open_service
from hss.service import HssService
from runtime.config import ConfigError, read_config
from runtime.log_limit import LogLimit
from runtime.log_setup import set_up
from runtime.logs import get_logger
from runtime.process import notify_ready, run
from runtime.unix_socket import listening
from wire.aka.vector import AuthVector
from wire.errors import DecodeError
from wire.identity import EapMethod

log = get_logger("hss.auc_socket")

NAME = "auc.sock"
"""The socket beside the configuration, unless another is named."""
NODE = "auc-socket"
"""The requesting node whose IND the vectors have, unless another is named."""
AT_ONCE = 256
"""Requests that are served at once; what comes then is answered FAILURE."""

_DATAGRAMS_AT_ONCE = 64


def main(config_path: Path, path: Path | None = None, *, node: str = NODE, mode: str = "660") -> int:
    """Serve until told to stop; the exit code."""
    config = read_config(config_path)
    set_up(config)
    hss = config.section("hss", HssConfig)
    where = config.path.parent / NAME if path is None else path
    return run(
        lambda stop: serve(hss, where, stop, config_path=config_path, node=node, mode=_mode(mode)), hangup_stops=False
    )


async def serve(
    config: HssConfig, path: Path, stop: asyncio.Event, *, config_path: Path | str = "FILE", node: str, mode: int
) -> None:
    """Answer at `path` until `stop` is set. ConfigError when somebody else answers there."""
    async with open_service(config, config_path) as service:
        with listening(path, mode) as bound:
            front = AucSocket(service, bound, node)
            log.info("auc socket ready", path=str(path), node=node)
            notify_ready()
            await stop.wait()
            await front.close()


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise ConfigError(f"{text!r} is no mode; write octal digits such as 660")
    return mode


class AucSocket:
    """Answers on `bound`, inside a running loop; what comes after an AUTS of a subscriber is served after it."""

    def __init__(self, service: HssService, bound: socket.socket, node: str) -> None:
        self._service = service
        self._socket = bound
        self._node = node
        self._loop = asyncio.get_running_loop()
        self._limit = LogLimit()
        self._tasks: set[asyncio.Task[None]] = set()
        self._resynchronising: dict[str, asyncio.Task[None]] = {}
        self._loop.add_reader(bound, self._readable)

    async def close(self) -> None:
        """Take no more, and answer what was taken."""
        self._loop.remove_reader(self._socket)
        await asyncio.gather(*self._tasks)

    def _readable(self) -> None:
        for _ in range(_DATAGRAMS_AT_ONCE):
            try:
                datagram, client = self._socket.recvfrom(LONGEST + 1)
            except (BlockingIOError, InterruptedError):
                return
            self._arrived(datagram, client)

    def _arrived(self, datagram: bytes, client: str | bytes | None) -> None:
        try:
            request = parse(datagram)
        except DecodeError as error:
            self._warn("request discarded", error.reason)
            return
        if len(self._tasks) >= AT_ONCE:
            self._warn("request refused", f"{AT_ONCE} requests wait already", imsi=str(request.imsi))
            self._send(request, (), client)
            return
        imsi = str(request.imsi)
        task = self._loop.create_task(self._serve(request, client, self._resynchronising.get(imsi)))
        self._tasks.add(task)
        if isinstance(request, AkaAuts):
            self._resynchronising[imsi] = task
        task.add_done_callback(lambda done: self._done(imsi, done))

    def _done(self, imsi: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._resynchronising.get(imsi) is task:
            del self._resynchronising[imsi]

    async def _serve(
        self, request: AucRequest, client: str | bytes | None, before: "asyncio.Task[None] | None"
    ) -> None:
        if before is not None:
            await asyncio.wait((before,))
        vectors: tuple[AuthVector, ...] = ()
        try:
            vectors = await self._service.vectors(self._asked(request))
        except ServiceRefused as refused:
            event = "resynchronisation refused" if isinstance(request, AkaAuts) else "vectors refused"
            self._warn(event, str(refused), imsi=str(request.imsi))
        self._send(request, vectors, client)

    def _asked(self, request: AucRequest) -> VectorRequest:
        """The AMF of the subscriber goes into every vector, because hostapd does not say for which method it is."""
        if isinstance(request, AkaAuts):
            again = Resynchronisation(request.rand, request.auts)
            return VectorRequest(request.imsi, self._node, EapMethod.AKA, resynchronisation=again, from_aaa=False)
        count = 1 if isinstance(request, AkaRequest) else request.count
        return VectorRequest(request.imsi, self._node, EapMethod.AKA, count, from_aaa=False)

    def _send(self, request: AucRequest, vectors: tuple[AuthVector, ...], client: str | bytes | None) -> None:
        if isinstance(request, AkaAuts):
            return
        if not client:
            self._warn("answer not sent", "the client's socket has no name", imsi=str(request.imsi))
            return
        try:
            self._socket.sendto(answer(request, vectors), client)
        except OSError as error:
            self._warn("answer not sent", error.strerror or str(error), imsi=str(request.imsi))

    def _warn(self, event: str, cause: str, **more: str) -> None:
        withheld = self._limit.allow(event, self._loop.time())
        if withheld is not None:
            log.warning(event, cause=cause, **more, **({"withheld": withheld} if withheld else {}))
