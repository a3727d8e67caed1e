"""strongSwan as the UE of an IKE SA that is up: rekeying by either end, liveness, Delete, reauthentication."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.strongswan_ue import GATEWAY, UE, Attachment, aka_card
from tests.interop.test_strongswan_ue import LOSSY, Attach, attaching

__all__ = ["aka_card", "attaching"]

pytestmark = [pytest.mark.interop, pytest.mark.timeout(240)]

LIMIT = "half_open_limit = 1000"
ELSEWHERE = "192.0.2.77"
ALL = ["reply 1", "reply 2", "reply 3"]

Spis = tuple[str, frozenset[str]]


def home_agent(site: Attachment) -> str:
    return str(site.lab.laboratory.plan.block.home_agent)


def spis(site: Attachment) -> Spis:
    """The initiator's SPI of the IKE SA in use, and the inbound SPIs of its Child SAs."""
    sas = site.sas()
    ike = re.findall(r"ESTABLISHED, IKEv2, ([0-9a-f]{16})_i", sas)
    return ike[-1] if ike else "", frozenset(re.findall(r"in +([0-9a-f]{8})", sas))


def changed_from(site: Attachment, before: Spis, at: int, limit: float = 30.0) -> Spis:
    """Wait until the IKE SA (`at` 0) or its Child SAs (1) are others."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        now = spis(site)
        if now[at] and now[at] != before[at]:
            return now
        time.sleep(0.2)
    raise AssertionError(f"still {before} after {limit} s\n{site.sas()}")


def rekeyed(site: Attachment, times: int) -> tuple[Spis, Spis]:
    """The SPIs before and after the IKE SA has been another so often."""
    first = last = spis(site)
    for _ in range(times):
        last = changed_from(site, last, 0)
    return first, last


def failures(site: Attachment) -> list[object]:
    return [line for line in site.gateway_lines() if line.is_failure]


def test_ue_rekeys_both_sas(attaching: Attach) -> None:
    with attaching() as site:
        assert site.connect().returncode == 0
        for what, at in (("--child net", 1), ("--ike pgw", 0), ("--child net", 1), ("--ike pgw", 0)):
            before = spis(site)
            assert site.charon.swanctl("--rekey", *what.split()).returncode == 0
            changed_from(site, before, at)
            assert site.charon.where.ping(home_agent(site)) == ALL
        assert failures(site) == []


def test_ue_rekeys_with_fresh_secrets_for_esp(attaching: Attach) -> None:
    with attaching() as site:
        assert site.connect(esp="aes256gcm16-x25519", child="rekey_time = 3s").returncode == 0
        after = changed_from(site, spis(site), 1)
        changed_from(site, after, 1)
        assert "ESP:AES_GCM_16-256/CURVE_25519" in site.sas()
        assert site.charon.where.ping(home_agent(site)) == ALL
        assert failures(site) == []


def test_gateway_rekeys_both_sas_and_asks_whether_the_ue_is_there(attaching: Attach) -> None:
    short = "child_lifetime = 5.0\nike_lifetime = 12.0\nliveness_interval = 1.0\n"
    with attaching(changes={LIMIT: short + LIMIT}) as site:
        assert site.connect().returncode == 0
        first = spis(site)
        second = changed_from(site, first, 1)
        third = changed_from(site, second, 0)
        for _ in range(3):
            assert site.charon.where.ping(home_agent(site)) == ALL
        fourth = changed_from(site, third, 0)
        assert not {first[0], third[0]} & {fourth[0]}
        assert failures(site) == []
        said = site.charon.program.end()
    assert "parsed INFORMATIONAL request" in said
    assert "parsed CREATE_CHILD_SA request" in said


def test_both_ends_send_long_messages_in_fragments(attaching: Attach) -> None:
    small = "fragment_size = 400\n"
    with attaching(changes={LIMIT: small + LIMIT}, more="fragment_size = 300") as site:
        assert site.connect(more="fragmentation = force").returncode == 0
        assert site.charon.where.ping(home_agent(site)) == ALL
        assert site.charon.swanctl("--rekey", "--ike", "pgw").returncode == 0
        assert site.charon.where.ping(home_agent(site)) == ALL
        assert failures(site) == []
        said = site.charon.program.end()
    assert re.search(r"splitting IKE message \(\d+ bytes\) into \d+ fragments", said)
    assert re.search(r"received fragment #\d+ of \d+, reassembled fragmented IKE message", said)


def test_ue_moves_to_another_address_and_the_gateway_follows(attaching: Attach) -> None:
    """MOBIKE: the old address goes while the tunnel is in use."""
    with attaching() as site:
        assert site.connect(local="%any").returncode == 0
        assert site.charon.where.ping(home_agent(site)) == ALL
        device = site.charon.where.run("ip", "-o", "-4", "route", "get", GATEWAY).stdout.split(" dev ")[1].split()[0]
        site.charon.where.run("ip", "address", "add", f"{ELSEWHERE}/25", "dev", device)
        site.charon.where.run("ip", "address", "del", f"{UE}/24", "dev", device)
        until = time.monotonic() + 20.0
        while f"@ {ELSEWHERE}[" not in site.sas() and time.monotonic() < until:
            time.sleep(0.2)
        assert site.charon.where.ping(home_agent(site)) == ALL
        moved = [line for line in site.gateway_lines() if line.event == "UE moved"]
        assert [line.details["to"].split(":")[0] for line in moved] == [ELSEWHERE]


def test_ue_deletes_one_child_and_asks_whether_the_gateway_is_there(attaching: Attach) -> None:
    with attaching() as site:
        assert site.connect(more="dpd_delay = 1s").returncode == 0
        site.said("sending DPD request")
        site.said("parsed INFORMATIONAL response")
        before = spis(site)
        assert site.charon.swanctl("--terminate", "--child", "net").returncode == 0
        assert spis(site) == (before[0], frozenset())
        assert site.charon.swanctl("--initiate", "--child", "net").returncode == 0
        assert site.charon.where.ping(home_agent(site)) == ALL
        assert failures(site) == []


@pytest.mark.parametrize("make_before_break", ["no", "yes"])
def test_ue_authenticates_anew(attaching: Attach, make_before_break: str) -> None:
    with attaching(more=f"make_before_break = {make_before_break}") as site:
        assert site.connect(more="reauth_time = 6s\n        over_time = 60s").returncode == 0
        before = spis(site)
        changed_from(site, before, 0)
        time.sleep(1.0)
        assert site.charon.where.ping(home_agent(site)) == ALL
        events = [line.event for line in site.gateway_lines()]
        assert events.count("UE authenticated") >= 2


def test_both_ends_rekey_on_clocks_of_their_own(attaching: Attach) -> None:
    """RFC 7296 §2.8: both want it after two seconds, the IKE SA after five; no session is lost by it."""
    short = "child_lifetime = 2.4\nike_lifetime = 6.0\n"
    with attaching(changes={LIMIT: short + LIMIT}, more="delete_rekeyed_delay = 1") as site:
        child = "rekey_time = 2s\n rand_time = 0s\n life_time = 300s"
        assert site.connect(child=child, more="rekey_time = 5s\n rand_time = 0s\n over_time = 60s").returncode == 0
        first, last = rekeyed(site, 3)
        assert not first[1] & last[1]
        until = time.monotonic() + 5.0
        while not 1 <= len(spis(site)[1]) <= 2:
            assert time.monotonic() < until, site.sas()
            time.sleep(0.2)
        for _ in range(3):
            assert site.charon.where.ping(home_agent(site)) == ALL
        events = [line.event for line in site.gateway_lines()]
        assert events.count("UE authenticated") == 1
        assert "session ended" not in events


def test_session_lives_on_when_one_packet_in_three_is_lost(
    attaching: Attach, foreign_peer: Callable[[str], str], tmp_path: Path
) -> None:
    """Rekeying of Child SAs every two seconds and of the IKE SA every five, with nothing authenticated anew."""
    rules = tmp_path / "lossy.nft"
    rules.write_text(LOSSY, encoding="utf-8")
    often = "retransmit_timeout = 0.5\nretransmit_base = 1.2\nretransmit_tries = 9"
    with attaching(changes={LIMIT: f"child_lifetime = 20.0\nike_lifetime = 60.0\n{LIMIT}"}, more=often) as site:
        child = "rekey_time = 2s\n rand_time = 0s\n life_time = 300s"
        assert site.connect(child=child, more="rekey_time = 5s\n rand_time = 0s\n over_time = 60s").returncode == 0
        assert site.charon.where.run(foreign_peer("nft"), "-f", str(rules)).returncode == 0
        first, last = rekeyed(site, 3)
        assert site.charon.where.run(foreign_peer("nft"), "flush", "ruleset").returncode == 0
        # what is still being sent again is answered now
        last = changed_from(site, last, 0)
        assert not first[1] & last[1]
        assert site.charon.where.ping(home_agent(site)) == ALL
        events = [line.event for line in site.gateway_lines()]
        assert events.count("UE authenticated") == 1
        assert "session ended" not in events
