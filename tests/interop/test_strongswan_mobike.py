"""Our UE at strongSwan's gateway, as an ordinary client: address, pings, rekeying, signs of life, another address."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.house.source_tree import ROOT
from tests.interop.program import Program
from tests.interop.strongswan import GATEWAY, GATEWAY_ADDRESS, UE, Site, gateway_site
from tests.namespaces import AKADIA, Namespace, NewNamespace, line_of, process

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

ELSEWHERE, ELSEWHERE_6 = "192.0.2.77", "2001:db8:a::77"
UE_6, GATEWAY_6, DNS_6 = "2001:db8:a::10", "2001:db8:a::4", "2001:db8:a::53"


def tell(ue: "subprocess.Popen[str]", *words: str) -> str:
    """Give an order; what the UE says of it."""
    assert ue.stdin is not None
    ue.stdin.write(" ".join(words) + "\n")
    ue.stdin.flush()
    return line_of(ue).strip()


def change(site: Site, old: str, new: str) -> None:
    text = site.laboratory.config.read_text(encoding="utf-8")
    assert old in text
    site.laboratory.config.write_text(text.replace(old, new), encoding="utf-8")


def device(where: Namespace) -> str:
    """The link that all of them are on."""
    return where.run("ip", "-o", "-4", "route", "list", "192.0.2.0/24").stdout.split(" dev ")[1].split()[0]


def live(site: Site) -> list[str]:
    program = str(ROOT / "tests" / "interop" / "live_ue.py")
    return site.ue.command(sys.executable, program, str(site.laboratory.config))


def test_ue_authenticates_anew_when_their_gateway_says_so(
    namespace: NewNamespace, tmp_path: Path, foreign_peer: Callable[[str], str]
) -> None:
    """AUTH_LIFETIME of IKE_AUTH is obeyed without being asked, make before break; and so is a tester, both ways."""
    with gateway_site(tmp_path, foreign_peer, namespace, more="reauth_time = 20s\nrand_time = 1s") as site:
        home_agent = str(site.laboratory.plan.block.home_agent)
        site.gateway.where.run("ip", "address", "add", f"{home_agent}/128", "dev", "lo")
        # their pool knows a user again by IDi alone
        change(site, 'method = "aka"', 'mobility = false\ntemporary_identities = false\nmethod = "aka"')
        with process(live(site)) as ue:
            assert tell(ue, "attach") == "2001:db8:77::1"
            site.gateway.program.wait_for(r"AUTH_LFT")
            # the second IKE SA stands before the first one is deleted
            site.gateway.program.wait_for(r"IKE_SA gateway\[2\] established")
            site.gateway.program.wait_for(r"deleting IKE_SA gateway\[1\]")
            assert tell(ue, "ping", home_agent) == "5 of 5"
            for number, way in ((3, "make"), (4, "break")):
                assert tell(ue, "reauthenticate", way) == "2001:db8:77::1"
                site.gateway.program.wait_for(rf"IKE_SA gateway\[{number}\] established")
                assert tell(ue, "ping", home_agent) == "5 of 5"
            assert tell(ue, "detach") == "detached"
        said = site.gateway.program.end()
    assert said.count("with EAP successful") == 4


@pytest.mark.parametrize("version", [4, 6])
def test_ue_lives_at_a_foreign_gateway(
    namespace: NewNamespace, tmp_path: Path, foreign_peer: Callable[[str], str], version: int
) -> None:
    with gateway_site(tmp_path, foreign_peer, namespace) as site:
        home_agent = str(site.laboratory.plan.block.home_agent)
        gateway = site.gateway.where
        gateway.run("ip", "address", "add", f"{home_agent}/128", "dev", "lo")
        change(site, 'method = "aka"', 'mobility = false\nmobike = true\nmethod = "aka"')
        elsewhere = ELSEWHERE if version == 4 else ELSEWHERE_6
        with in_ipv6(site, home_agent) if version == 6 else nullcontext(), process(live(site)) as ue:
            assert tell(ue, "attach") == "2001:db8:77::1"
            assert tell(ue, "ping", home_agent) == "5 of 5"
            for what, said in (("children", "replacing CHILD_SA|CHILD_SA closed|rekeyed"), ("ike", "IKE_SA gateway")):
                assert tell(ue, "rekey", what) == "done"
                site.gateway.program.wait_for(said)
                assert tell(ue, "ping", home_agent) == "5 of 5"
            assert tell(ue, "probe") == "done"
            site.gateway.program.wait_for(r"parsed INFORMATIONAL request \d+ \[ N\(NATD_S_IP\) N\(NATD_D_IP\) \]")
            words = (f"{elsewhere}/25",) if version == 4 else (f"{elsewhere}/128", "nodad")
            site.ue.run("ip", "address", "add", *words, "dev", device(site.ue))
            assert tell(ue, "move", elsewhere) == "done"
            site.gateway.program.wait_for(r"parsed INFORMATIONAL request \d+ \[ N\(UPD_SA_ADDR\)")
            site.gateway.program.wait_for(r"generating INFORMATIONAL response .*N\(COOKIE2\)")
            # its TUN device is set up anew behind the answer, which costs strongSwan packets
            heard = [tell(ue, "ping", home_agent)]
            while heard[-1] != "5 of 5" and len(heard) < 5:
                heard.append(tell(ue, "ping", home_agent))
            assert heard[-1] == "5 of 5", heard
            sas = site.gateway.swanctl("--list-sas").stdout
            assert f"@ {elsewhere}[" in sas, sas
            assert tell(ue, "detach") == "detached"
        said = site.gateway.program.end()
    assert said.count("parsed CREATE_CHILD_SA request") == 2
    assert "deleting IKE_SA" in said


@contextmanager
def in_ipv6(site: Site, home_agent: str) -> Iterator[None]:
    """The link has IPv6 too, and the UE has nothing else; the name of the gateway leads to `home_agent`."""
    link = device(site.ue)
    for where, address in ((site.ue, UE_6), (site.gateway.where, GATEWAY_6), (site.core, DNS_6)):
        where.run("ip", "address", "add", f"{address}/64", "dev", device(where), "nodad")
    site.ue.run("ip", "route", "add", f"{home_agent}/128", "via", GATEWAY_6, "dev", link)
    text = GATEWAY.format(address=f"{GATEWAY_ADDRESS}, {home_agent}", pools="homes, homes4", more="", name="internet")
    site.gateway.load(text)
    change(site, f'address = "{UE}"', f'address = "{UE_6}"')
    change(site, '"192.0.2.53:', f'"[{DNS_6}]:')
    server = Program(*site.core.command(*AKADIA, "--config", str(site.laboratory.config), "dns", "serve"))
    try:
        server.wait_for("dns listening")
        yield
    finally:
        server.end()
