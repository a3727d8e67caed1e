"""The socket: who may have it, what is answered on it, and in which order."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hss.faces.auc_socket_app import AucSocket, main
from hss.service import HssService
from runtime.config import ConfigError
from runtime.unix_socket import listening
from tests.hss.conftest import Known, Registry
from wire.aka.milenage import Milenage
from wire.aka.sqn import join_sqn, reveal, split_sqn

pytestmark = pytest.mark.stack

IMSI = "001010000000001"
LIMIT = 10.0


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a socket may be; a socket's path has at most 107 octets."""
    monkeypatch.chdir(tmp_path)
    return Path("auc.sock")


class Client:
    """hostapd's end."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind("client.sock")
        self._socket.connect(str(path))

    def send(self, text: str) -> None:
        self._socket.send(text.encode())

    async def heard(self) -> list[str]:
        loop = asyncio.get_running_loop()
        return (await asyncio.wait_for(loop.sock_recv(self._socket, 4096), LIMIT)).decode().split(" ")

    def close(self) -> None:
        self._socket.close()


@asynccontextmanager
async def serving(service: HssService, path: Path) -> AsyncIterator[Client]:
    with listening(path, 0o600) as bound:
        front = AucSocket(service, bound, "auc-socket")
        client = Client(path)
        try:
            yield client
        finally:
            await front.close()
            client.close()


def seq(known: Known, words: list[str]) -> int:
    ak = Milenage(known.keys.k, known.keys.opc).f2345(bytes.fromhex(words[2]))[3]
    return split_sqn(reveal(bytes.fromhex(words[3])[:6], ak))[0]


async def test_quintuplet_is_the_subscribers(registry: Registry, service: HssService, path: Path) -> None:
    known = registry.add(IMSI, amf=0x8000)
    async with serving(service, path) as client:
        client.send(f"AKA-REQ-AUTH {IMSI}")
        words = await client.heard()
    assert (words[:2], seq(known, words)) == (["AKA-RESP-AUTH", IMSI], 1)
    rand, autn = bytes.fromhex(words[2]), bytes.fromhex(words[3])
    res, ck, ik, ak = Milenage(known.keys.k, known.keys.opc).f2345(rand)
    assert words[4:] == [ik.hex(), ck.hex(), res.hex()]
    mac_a = Milenage(known.keys.k, known.keys.opc).f1(rand, reveal(autn[:6], ak).to_bytes(6, "big"), b"\x80\0")
    assert autn[6:] == b"\x80\0" + mac_a


async def test_request_after_auts_is_after_it_for_the_usim_too(
    registry: Registry, service: HssService, path: Path
) -> None:
    known = registry.add(IMSI)
    rand = bytes(range(16))
    auts = known.auts(rand, join_sqn(5000, 3))
    async with serving(service, path) as client:
        client.send(f"AKA-AUTS {IMSI} {auts.hex()} {rand.hex()}")
        client.send(f"AKA-REQ-AUTH {IMSI}")
        words = await client.heard()
    assert seq(known, words) == 5002, "the resynchronisation itself has used one"


async def test_forged_auts_moves_nothing_and_is_said(registry: Registry, service: HssService, path: Path) -> None:
    known = registry.add(IMSI)
    with capture_logs() as lines:
        async with serving(service, path) as client:
            client.send(f"AKA-AUTS {IMSI} {bytes(14).hex()} {bytes(16).hex()}")
            client.send(f"AKA-REQ-AUTH {IMSI}")
            assert seq(known, await client.heard()) == 1
    (line,) = lines
    assert line["event"] == "resynchronisation refused"
    assert "MAC-S" in line["cause"]


async def test_triplets_are_as_many_as_asked_for(registry: Registry, service: HssService, path: Path) -> None:
    registry.add(IMSI)
    async with serving(service, path) as client:
        client.send(f"SIM-REQ-AUTH {IMSI} 3")
        words = await client.heard()
    assert words[:2] == ["SIM-RESP-AUTH", IMSI]
    assert [[len(part) for part in word.split(":")] for word in words[2:]] == [[16, 8, 32]] * 3


async def test_unknown_subscriber_is_a_failure_with_one_line(service: HssService, path: Path) -> None:
    with capture_logs() as lines:
        async with serving(service, path) as client:
            for kind, more in (("AKA", ""), ("SIM", " 3")):
                client.send(f"{kind}-REQ-AUTH {IMSI}{more}")
                assert await client.heard() == [f"{kind}-RESP-AUTH", IMSI, "FAILURE"]
    assert [line["event"] for line in lines] == ["vectors refused"] * 2
    assert lines[0]["cause"] == f"user unknown: no subscriber {IMSI}"


async def test_nonsense_is_said_and_costs_no_more(registry: Registry, service: HssService, path: Path) -> None:
    registry.add(IMSI)
    with capture_logs() as lines:
        async with serving(service, path) as client:
            for number in range(40):
                client.send(f"NONSENSE {number}")
                await asyncio.sleep(0)
            client.send(f"AKA-REQ-AUTH {IMSI}")
            assert (await client.heard())[0] == "AKA-RESP-AUTH"
    assert {line["event"] for line in lines} == {"request discarded"}
    assert 0 < len(lines) < 40, "lines are limited"


async def test_too_many_at_once_are_a_failure(
    registry: Registry, service: HssService, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hss.faces.auc_socket_app.AT_ONCE", 1)
    registry.add(IMSI)
    with capture_logs() as lines:
        async with serving(service, path) as client:
            client.send(f"AKA-REQ-AUTH {IMSI}")
            client.send(f"AKA-REQ-AUTH {IMSI}")
            answers = [await client.heard(), await client.heard()]
    assert sorted(len(words) for words in answers) == [3, 7]
    assert [line["event"] for line in lines] == ["request refused"]


@pytest.mark.parametrize("mode", ["rw", "888", "1777", "-1"])
def test_mode_is_octal(path: Path, mode: str, database_path: Path) -> None:
    config = database_path.with_name("akadia.toml")
    config.write_text('[hss]\norigin_host = "h"\norigin_realm = "r"\nswx = "127.0.0.1:0"\n')
    with pytest.raises(ConfigError, match="is no mode; write octal digits such as 660"):
        main(config, path, mode=mode)
