"""Debian's hostapd as EAP server with our authentication centre behind its socket, and eapol_test as its client."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hss.store.schema import upgrade
from tests.hss.conftest import Known
from tests.interop.hostapd import Site, running_hostapd
from tests.interop.wpa_ctrl import Reply
from wire.aka.gsm import kc, sres
from wire.aka.milenage import Milenage
from wire.secret import Secret

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostapd") / "akadia.sqlite"
    upgrade(path)
    return path


@pytest.fixture
def site(tmp_path: Path, empty: Path, foreign_peer: Callable[[str], str]) -> Iterator[Site]:
    with running_hostapd(tmp_path, empty, foreign_peer) as running:
        yield running


@pytest.mark.parametrize("method", ["AKA", "AKA'"])
async def test_client_authenticates_and_is_resynchronised(site: Site, method: str) -> None:
    usim = site.card()
    report = await site.run(method, usim)
    assert report.succeeded, report.output[-3000:]
    assert (report.keys_agreed, usim.said) == (1, ["Answer"])
    ahead = site.card(seq=site.seq + 70_000)
    report = await site.run(method, ahead)
    assert report.succeeded, report.output[-3000:]
    assert ahead.said == ["OutOfSync", "Answer"]
    assert site.seq > 70_000
    assert "warning" not in site.socket.end()


async def test_card_with_another_key_is_refused(site: Site) -> None:
    usim = site.card(k=Secret(bytes(16)))
    assert not (await site.run("AKA", usim)).succeeded
    assert usim.said == ["Forged"]


async def test_unknown_subscriber_is_refused_with_one_line(site: Site) -> None:
    usim = site.card()
    assert not (await site.run("AKA", usim, imsi="001010000000099")).succeeded
    assert usim.said == []
    (line,) = [line for line in site.socket.end().splitlines() if "warning" in line]
    assert "vectors refused" in line
    assert "no subscriber 00101*******099" in line


def gsm_card(known: Known) -> Reply:
    """A USIM in a GSM context, where it knows no AUTN (TS 33.102 §6.8.1.2)."""
    functions = Milenage(known.keys.k, known.keys.opc)

    def triplet(rand: str) -> str:
        res, ck, ik, _ = functions.f2345(bytes.fromhex(rand))
        return f"{kc(ck, ik).hex()}:{sres(res).hex()}"

    def reply(line: str) -> str | None:
        found = re.search(r"CTRL-REQ-SIM-(\d+):GSM-AUTH:([0-9a-f:]+)", line)
        if found is None:
            return None
        return f"CTRL-RSP-SIM-{found[1]}:GSM-AUTH:" + ":".join(triplet(rand) for rand in found[2].split(":") if rand)

    return reply


async def test_client_with_a_sim_authenticates_by_triplets(site: Site) -> None:
    report = await site.run("SIM", gsm_card(site.known))
    assert report.succeeded, report.output[-3000:]
    assert report.keys_agreed == 1
