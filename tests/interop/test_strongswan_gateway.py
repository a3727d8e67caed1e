"""strongSwan as the gateway: its eap-radius asks our AAA server for two kinds of UE, accounts to it, and obeys it."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.interop.sniffing import listening
from tests.interop.strongswan import GATEWAY_ADDRESS, UE, Charon, Site, gateway_site, running_charon
from tests.interop.strongswan_ue import aka_card
from tests.lab import card_keys
from tests.namespaces import NewNamespace, process

__all__ = ["aka_card"]

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]

CLIENT = """
connections {{
    home {{
        version = 2
        local_addrs = {ue}
        remote_addrs = {gateway}
        vips = 0.0.0.0, ::
        local {{
            auth = eap-aka
            id = {nai}
        }}
        remote {{
            auth = pubkey
            id = internet
        }}
        children {{
            net {{
                remote_ts = 0.0.0.0/0, ::/0
            }}
        }}
    }}
}}
secrets {{
    eap-card {{
        id = {nai}
        secret = 0x{keys}
    }}
}}
"""


def attach(site: Site) -> dict[str, dict[str, str]]:
    """What our UE says of each step of an attach to their gateway, by the step's name."""
    with process(site.command("ue", "attach", "--json", "--pings", "0")) as ue:
        told = [json.loads(line) for line in ue.stdout or ()]
    return {step["name"]: step["evidence"] for step in told if "name" in step}


@contextmanager
def their_ue(
    site: Site, folder: Path, card: Path, foreign_peer: Callable[[str], str], key: str = ""
) -> Iterator[Charon]:
    """A charon with the AKA card of the laboratory's subscriber, or one with another K and OPc."""
    k, opc = card_keys(site.laboratory.usim)
    nai = f"0{site.laboratory.imsi}@nai.epc.mnc001.mcc001.3gppnetwork.org"
    text = CLIENT.format(ue=UE, gateway=GATEWAY_ADDRESS, nai=nai, keys=key or k.hex() + opc.hex())
    with running_charon(
        folder, foreign_peer, site.ue, text,
        credentials={"x509ca/ca.pem": site.laboratory.ca}, settings="eap-aka-3gpp { seq_check = no }",
        plugins="eap-aka-3gpp", preload=card,
    ) as charon:  # fmt: skip
        yield charon


def sessions(site: Site, *words: str) -> list[dict[str, Any]]:
    """What `akadia aaa sessions` knows."""
    found: list[dict[str, Any]] = json.loads(site.akadia("aaa", "sessions", "--json", *words).stdout)
    return found


def test_ue_authenticates_and_is_accounted_for(
    namespace: NewNamespace, tmp_path: Path, foreign_peer: Callable[[str], str]
) -> None:
    with gateway_site(tmp_path, foreign_peer, namespace) as site:
        steps = attach(site)
        assert steps["IKE_AUTH with EAP-AKA"]["method"] == "EAP-AKA"
        assert steps["Home Address in CFG_REPLY"]["Home Address"] == "2001:db8:77::1/64"
        site.gateway.program.wait_for("went offline")
        (session,) = sessions(site, "--ended")
        assert session["imsi"] == site.laboratory.imsi
        said = site.gateway.program.end()
    assert said.count("received RADIUS Accounting-Response") == 2
    assert "with EAP successful" in said


def test_their_ue_attaches_is_changed_and_is_disconnected(
    namespace: NewNamespace, tmp_path: Path, foreign_peer: Callable[[str], str], aka_card: Path
) -> None:
    with (
        gateway_site(tmp_path, foreign_peer, namespace) as site,
        listening(
            foreign_peer("tcpdump"),
            "link0",
            "192.0.2.255",
            "udp portrange 1812-3799",
            tmp_path / "link.pcap",
            site.core.command,
        ) as capture,
        their_ue(site, tmp_path / "ue", aka_card, foreign_peer) as charon,
    ):
        done = charon.swanctl("--initiate", "--child", "net", "--timeout", "30")
        assert done.returncode == 0, done.stdout
        (session,) = sessions(site)
        assert session["imsi"] == site.laboratory.imsi
        number = str(session["number"])
        changed = site.akadia("aaa", "coa", number, "--session-timeout", "7200")
        assert changed.returncode == 0, changed.stderr
        ended = site.akadia("aaa", "disconnect", number)
        assert ended.returncode == 0, ended.stderr
        site.gateway.program.wait_for("went offline")
        assert "net" not in site.gateway.swanctl("--list-sas").stdout
        assert [one["number"] for one in sessions(site, "--ended")] == [session["number"]]
        said = site.gateway.program.end()
    assert "received RADIUS DAE CoA-Request" in said
    assert "received RADIUS DAE Disconnect-Request" in said
    secret = site.laboratory.radius_secret.read_text(encoding="ascii").strip()
    assert_tshark_agrees(foreign_peer("tshark"), capture, secret)


def test_their_ue_with_another_key_is_refused(
    namespace: NewNamespace, tmp_path: Path, foreign_peer: Callable[[str], str], aka_card: Path
) -> None:
    with (
        gateway_site(tmp_path, foreign_peer, namespace) as site,
        their_ue(site, tmp_path / "ue", aka_card, foreign_peer, key="00" * 32) as charon,
    ):
        assert charon.swanctl("--initiate", "--child", "net", "--timeout", "30").returncode != 0
        assert sessions(site) == []
        site.gateway.program.wait_for("RADIUS authentication of .* failed")


def assert_tshark_agrees(tshark: str, file: Path, secret: str) -> None:
    """It reads every kind of packet, with no word of a fault and every authenticator right."""
    command = [
        tshark, "-n", "-r", str(file),
        "-o", f"radius.shared_secret:{secret}", "-o", "radius.validate_authenticator:TRUE",
    ]  # fmt: skip

    def read(*words: str) -> list[str]:
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.splitlines()

    codes = read("-Y", "radius", "-T", "fields", "-e", "radius.code")
    assert set(codes) == {"1", "11", "2", "4", "5", "43", "44", "40", "41"}, codes
    assert read("-Y", "_ws.malformed || _ws.expert.severity >= warning || radius.authenticator.invalid == 1") == []


def test_ue_begins_from_port_500_and_goes_on_from_4500(
    namespace: NewNamespace, tmp_path: Path, foreign_peer: Callable[[str], str]
) -> None:
    """RFC 7296 §2.23, as handsets do it: each port of the gateway hears from the same port of the UE."""
    with gateway_site(tmp_path, foreign_peer, namespace) as site:
        config = site.laboratory.config
        config.write_text(config.read_text(encoding="utf-8").replace("own_port = 0 ", "own_port = 500 "))
        assert "Home Address in CFG_REPLY" in attach(site)
        site.gateway.program.wait_for("went offline")
        said = site.gateway.program.end()
    heard = re.findall(r"received packet: from 192\.0\.2\.10\[(\d+)\] to 192\.0\.2\.4\[(\d+)\]", said)
    assert (heard[0], set(heard[1:])) == (("500", "500"), {("4500", "4500")})
