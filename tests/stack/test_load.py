"""`akadia load` against a laboratory with two workers: every way of authenticating, and what it says of failures."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.cards import write_cards
from tests.lab import Lab, running_lab

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

CARDS = 40
"""Of the IMSIs from 001010000000000 on, of which the laboratory has the second already."""
PEERS = "".join(
    f"""
[[aaa.diameter.peer]]
name = "load{number}"
origin_host = "load{number}.example"
origin_realm = "example"
addresses = ["127.0.0.0/8"]
applications = ["eap", "s6b", "swm"]
network_name = "WLAN"
"""
    for number in (1, 2, 3)
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("load")
    write_cards(folder / "all.csv", CARDS + 2, "milenage")
    lines = (folder / "all.csv").read_text().splitlines(keepends=True)
    cards(folder).write_text("".join([lines[0], *lines[3:]]))
    with running_lab(folder, aaa="radius", more=PEERS) as made:
        imported = made.akadia("import", str(cards(folder)), "--mapping", "pysim")
        assert imported.returncode == 0, imported.stderr
        yield made


def cards(folder: Path) -> Path:
    return folder / "cards.csv"


def load(lab: Lab, *words: str, carrier: str = "radius", code: int = 0) -> dict[str, Any]:
    path = str(cards(lab.folder.parent))
    done = lab.akadia("load", carrier, "--subscribers", path, *words, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("method", ["aka", "aka-prime"])
def test_every_card_is_authenticated_in_full(lab: Lab, method: str) -> None:
    said = load(lab, "--method", method, "--count", "80", "--processes", "2")
    assert (said["full"]["authentications"], said["fast"]["authentications"], said["failed"]) == (80, 0, 0)
    assert (said["subscribers"], said["at_once"], said["processes"]) == (CARDS, 32, 2)
    assert said["rounds"] >= 160
    assert said["resynchronisations"] == said["discarded"] == 0
    assert 0 < said["p50_ms"] <= said["p99_ms"] <= said["p99_9_ms"]


@pytest.mark.parametrize("method", ["aka", "aka-prime"])
def test_fast_reauthentications_and_pseudonyms(lab: Lab, method: str) -> None:
    said = load(lab, "--method", method, "--count", "90", "--fast", "2", "--pseudonyms", "--at-once", "10")
    full, fast = said["full"]["authentications"], said["fast"]["authentications"]
    assert (full + fast, said["failed"]) == (90, 0)
    # those that were the last to begin have no second one any more
    assert 30 <= full <= 40


@pytest.mark.parametrize(("application", "method"), [("eap", "aka"), ("s6b", "aka-prime"), ("swm", "aka")])
def test_every_application_of_diameter_is_spoken(lab: Lab, application: str, method: str) -> None:
    words = ("--application", application, "--method", method, "--count", "60", "--fast", "1", "--connections", "3")
    peers = ("--origin-host", "load{}.example", "--origin-realm", "example", "--processes", "2", "--end")
    said = load(lab, *words, *peers, carrier="diameter")
    assert (said["authentications"], said["failed"], said["discarded"]) == (60, 0, 0)
    assert said["fast"]["authentications"] >= 20
    assert f"Diameter {application.upper()}, 3 connections" in said["what"]


def test_card_of_the_laboratory_is_enough_for_diameter(lab: Lab) -> None:
    done = lab.akadia("load", "diameter", "--count", "3", "--application", "swm")
    assert done.returncode == 0, done.stderr
    assert "1 at once, 1 subscribers\n3 in " in done.stdout


def test_stranger_over_diameter_is_told_so(lab: Lab) -> None:
    done = lab.akadia("load", "diameter", "--count", "1", "--origin-host", "stranger{}.example")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the server answers CER of stranger1.example by 3010 UNKNOWN_PEER")


def test_rate_and_time_are_kept(lab: Lab) -> None:
    said = load(lab, "--rate", "20", "--seconds", "2", "--warm-up", "0.5")
    assert 20 <= said["authentications"] <= 41
    assert said["failed"] == 0


def test_own_card_of_the_laboratory_is_enough(lab: Lab) -> None:
    done = lab.akadia("load", "radius", "--count", "5")
    assert done.returncode == 0, done.stderr
    assert "1 at once, 1 subscribers\n5 in " in done.stdout
    assert done.stdout.endswith("failed: 0\n")


def test_sessions_are_told_and_the_server_knows_whose_they_were(lab: Lab) -> None:
    said = load(lab, "--accounting", "--interims", "2", "--count", "60", "--processes", "2")
    told = said["accounting"]
    assert (said["authentications"], said["failed"]) == (60, 0)
    assert (told["records"], told["failed"], told["discarded"]) == (240, 0, 0)
    assert 0 < told["p50_ms"] <= told["p99_ms"]
    assert told["per_second"] == pytest.approx(4 * said["per_second"])
    listed = lab.akadia("aaa", "sessions", "--ended", "--json")
    assert listed.returncode == 0, listed.stderr
    ended = [one for one in json.loads(listed.stdout) if one["nas"] == "load"]
    assert len(ended) == 60
    # by its Class each session is that of an authentication
    assert len({one["imsi"] for one in ended}) == CARDS
    for one in ended:
        assert (one["end_cause"], one["usage"]["seconds"]) == ("user-request", 1800)
        assert one["usage"]["octets_out"] == 3_300_000_000


def test_lost_accounting_fails_with_its_cause(lab: Lab) -> None:
    host, port = lab.radius
    # where authentications are served a record is not
    words = ("--accounting", "--accounting-server", f"{host}:{port}", "--count", "2", "--limit", "3")
    said = load(lab, *words, code=1)
    assert (said["authentications"], said["failed"]) == (2, 0)
    assert said["accounting"]["failures"] == {"Accounting-Request Start: no answer": 2}
    assert said["accounting"]["retransmissions"] >= 2
    done = lab.akadia("load", "radius", "--accounting", "--accounting-server", "127.0.0.1:9", "--count", "1")
    assert done.returncode == 1
    assert (
        "nobody listens at 127.0.0.1 port 9; start the server, or name another with --accounting-server" in done.stderr
    )


def test_wrong_keys_and_unknown_subscribers_are_told_by_cause(lab: Lab, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"k={'11' * 16}\nopc={'22' * 16}\n")
    words = ("load", "radius", "--keys", str(keys), "--count", "4", "--json")
    done = lab.akadia(*words, "--first-imsi", "001010000000005", "--imsis", "4")
    assert (done.returncode, json.loads(done.stdout)["failures"]) == (1, {"AUTN is not genuine": 4})
    done = lab.akadia(*words, "--first-imsi", "001010000009001")
    assert (done.returncode, json.loads(done.stdout)["failed"]) == (1, 4)
