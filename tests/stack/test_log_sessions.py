"""One name for one conversation in the lines of all workers and of the HSS; details of one subscriber on demand."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from akadia.laboratory import Laboratory, create
from tests.lab import AKADIA, akadia
from tests.stack.radius_load import Nas, Tally, Timing, make_ues
from tests.stack.test_any_worker import ROOT, UES, subscribe
from wire.identity import Imsi
from wire.radius.packet import Code
from wire.secret import Secret

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

Line = dict[str, str]


class WanderingNas(Nas):
    """Each request comes from another port, hence to whichever worker the kernel chooses."""

    async def ask(self, eap: bytes, state: bytes | None) -> tuple[Code, bytes, bytes | None, Secret | None]:
        """As any other."""
        self.close()
        self._endpoint = type(self._endpoint).bind(("127.0.0.1", 0), lambda octets, _: self._heard.put_nowait(octets))
        return await super().ask(eap, state)


@contextmanager
def up(laboratory: Laboratory, *, level: str, imsi: str = "short") -> Iterator[None]:
    """All daemons, two workers of the AAA server, lines of JSON."""
    text = laboratory.config.read_text()
    text = text.replace("workers = 1 ", "workers = 2 ").replace('format = "text"', 'format = "json"')
    text = text.replace('level = "info"', f'level = "{level}"').replace('imsi = "short"', f'imsi = "{imsi}"')
    laboratory.config.write_text(text.replace('imsi_key = ""', 'imsi_key = "log.key"'))
    process = subprocess.Popen(
        [*AKADIA, "--config", str(laboratory.config), "up"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0


def lines_of(laboratory: Laboratory, daemon: str) -> list[Line]:
    text = (laboratory.folder / "logs" / f"{daemon}.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


Subscribers = list[tuple[Imsi, Secret, Secret]]


def subscribed(laboratory: Laboratory) -> Subscribers:
    return subscribe(laboratory, laboratory.folder / "akadia.sqlite")


async def authenticate_all(laboratory: Laboratory, subscribers: Subscribers) -> Tally:
    secret = laboratory.radius_secret.read_bytes().strip()
    tally = Tally()
    address = (str(laboratory.plan.block.aaa), 1812)
    ues = make_ues(subscribers, [address], secret, tally)
    for ue in ues:
        ue.nas.close()
        ue.nas = WanderingNas([address], secret, Timing(), tally)
    for _ in range(2):
        await asyncio.gather(*(ue.authenticate() for ue in ues))
    for ue in ues:
        ue.nas.close()
    assert tally.failed == []
    return tally


async def test_conversation_has_one_name_at_all_workers_and_at_the_hss(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab", hss="swx", aaa="radius")
    subscribers = subscribed(laboratory)
    with up(laboratory, level="debug"):
        tally = await authenticate_all(laboratory, subscribers)
    aaa, hss = lines_of(laboratory, "aaa"), lines_of(laboratory, "hss")
    accepted = [line for line in aaa if line["event"] == "authentication accepted"]
    names = {line["session"] for line in accepted}
    assert len(names) == len(accepted) == tally.full + tally.fast == 2 * UES
    wandered = 0
    for name in names:
        ours = [line for line in aaa if line.get("session") == name]
        events = [line["event"] for line in ours]
        assert events.count("round served") == events.count("challenge sent") + 1 >= 2
        assert events.count("access accepted") == 1
        wandered += len({line["worker"] for line in ours}) > 1
        theirs = [line["event"] for line in hss if line.get("session") == name]
        assert theirs.count("assignment done") == 1
        assert theirs.count("vectors given") == (1 if "vectors given" in theirs else 0)
    assert wandered > 0, "no conversation was continued by another worker"
    assert len([line for line in hss if line["event"] == "vectors given" and line["session"] in names]) == tally.full


def test_gateway_aaa_server_and_hss_call_a_session_by_one_name(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab", hss="swx")
    with up(laboratory, level="debug"):
        attached = akadia("--config", str(laboratory.config), "ue", "attach", "--pings", "1")
        assert attached.returncode == 0, attached.stderr
    (accepted,) = [line for line in lines_of(laboratory, "aaa") if line["event"] == "authentication accepted"]
    session = accepted["session"]
    events = {
        daemon: {line["event"] for line in lines_of(laboratory, daemon) if line.get("session") == session}
        for daemon in ("pdngw", "aaa", "hss")
    }
    assert "UE authenticated" in events["pdngw"]
    assert {"authentication accepted", "round served", "session ended"} <= events["aaa"]
    assert {"vectors given", "assignment done"} <= events["hss"]


def watching(laboratory: Laboratory, daemon: str) -> int:
    """How many of its processes have heard that somebody is to be watched."""
    return sum(line["event"] == "debug of subscribers" for line in lines_of(laboratory, daemon))


def details_of(laboratory: Laboratory, daemon: str) -> list[Line]:
    """What `daemon` has written of level debug."""
    return [line for line in lines_of(laboratory, daemon) if line["level"] == "debug"]


async def test_imsi_is_hidden_in_every_line_and_one_subscriber_can_be_watched(tmp_path: Path) -> None:
    laboratory = create(tmp_path / "lab", hss="swx", aaa="radius")
    (laboratory.folder / "log.key").touch(0o600)
    (laboratory.folder / "log.key").write_text(os.urandom(32).hex())
    imsi = "001010000000103"
    config = ("--config", str(laboratory.config))
    subscribers = subscribed(laboratory)
    with up(laboratory, level="info", imsi="hmac"):
        await authenticate_all(laboratory, subscribers)
        assert not [line for line in lines_of(laboratory, "aaa") if line["level"] == "debug"]
        watched = await asyncio.to_thread(akadia, *config, "log", "debug", imsi, "--minutes", "1")
        assert watched.stdout.startswith(f"{imsi} until ")
        written = (await asyncio.to_thread(akadia, *config, "log", "imsi", imsi)).stdout.strip()
        async with asyncio.timeout(10):
            for daemon, processes in (("aaa", 2), ("hss", 1)):
                while watching(laboratory, daemon) < processes:  # noqa: ASYNC110 - it is about other processes
                    await asyncio.sleep(0.05)
        # a process that waits to replace another may have looked before one that serves: then once more
        async with asyncio.timeout(30):
            while not all(details_of(laboratory, daemon) for daemon in ("aaa", "hss")):
                await authenticate_all(laboratory, subscribers)
        for daemon in ("aaa", "hss"):
            details = details_of(laboratory, daemon)
            assert {line["imsi"] for line in details if "imsi" in line} == {written}
            assert len(details) > 1
        text = "".join((laboratory.folder / "logs" / f"{daemon}.log").read_text() for daemon in ("aaa", "hss"))
        assert "0010100000001" not in text
        assert text.count(written) > 2
