"""FreeRADIUS as a proxy in front of us, as another realm's server behind us, and as a NAS that takes CoA."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from akadia.template import RADIUS_ACCT_PORT
from tests.interop.freeradius import SECRET, free_port, running_freeradius
from tests.interop.program import Program
from tests.interop.wpa_ctrl import EapolTest, run_eapol_test
from tests.lab import Lab, running_lab
from ue_sim.usim import SoftwareUsim
from wire.identity import EapMethod, permanent_nai

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

METHODS = {"AKA": EapMethod.AKA, "AKA'": EapMethod.AKA_PRIME}

FRONT = """
home_server akadia {{
    type = auth+acct
    ipaddr = {aaa}
    port = {radius}
    secret = {akadia}
    status_check = status-server
}}
home_server_pool akadia {{
    home_server = akadia
}}
realm DEFAULT {{
    auth_pool = akadia
    acct_pool = akadia
    nostrip
}}
server front {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
    }}
    listen {{
        type = acct
        ipaddr = 127.0.0.1
        port = {acct}
    }}
    authorize {{
        suffix
    }}
    authenticate {{
        eap
    }}
    preacct {{
        suffix
    }}
}}
"""
BEHIND = """
server behind {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
    }}
    listen {{
        type = acct
        ipaddr = 127.0.0.1
        port = {acct}
    }}
    listen {{
        type = coa
        ipaddr = 127.0.0.1
        port = {coa}
    }}
    authorize {{
        update control {{
            Cleartext-Password := "a password"
        }}
        eap
    }}
    authenticate {{
        eap
    }}
    post-auth {{
        update reply {{
            Class := 0x6f75727320746f6f
        }}
    }}
    accounting {{
        ok
    }}
    recv-coa {{
        if (&Acct-Session-Id == "stranger") {{
            update reply {{
                Error-Cause := Session-Context-Not-Found
            }}
            reject
        }}
        ok
    }}
    send-coa {{
        ok
    }}
}}
"""
MORE = """
[[aaa.radius.server]]
name = "dead"
auth = "127.0.0.1:9"
acct = "127.0.0.1:9"
secret_file = "{secret}"
window = 0.5
misses = 1
[[aaa.radius.server]]
name = "freeradius"
auth = "127.0.0.1:{port}"
acct = "127.0.0.1:{acct}"
secret_file = "{secret}"
[[aaa.radius.realm]]
realm = "other.example"
servers = ["dead", "freeradius"]
[[aaa.radius.client]]
name = "nas"
network = "127.0.0.1/32"
secret_file = "{secret}"
network_name = "WLAN"
coa = "127.0.0.1:{coa}"
"""


@dataclass
class Site:
    """Us, and FreeRADIUS behind us."""

    lab: Lab
    behind: Program
    radclient: str

    def account(self, attributes: str, port: int = RADIUS_ACCT_PORT, host: str = "", secret: str = SECRET) -> str:
        """What radclient says after one Accounting-Request."""
        where = f"{host or self.lab.radius[0]}:{port}"
        words = (self.radclient, "-x", "-r", "2", "-t", "4", where, "acct", secret)
        done = subprocess.run(words, input=attributes, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout + done.stderr

    def session(self, name: str) -> int:
        """The number of a session of the NAS that FreeRADIUS plays."""
        told = self.account(f'Acct-Status-Type = Start\nAcct-Session-Id = "{name}"\nNAS-Identifier = "fr"\n')
        assert "Accounting-Response" in told
        found = json.loads(self.lab.akadia("aaa", "sessions", "--json", "--client", "nas").stdout)
        return next(int(one["number"]) for one in found if one["session_id"] == name)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, foreign_peer: Callable[[str], str]) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("freeradius")
    port, coa = free_port(), free_port()
    text = BEHIND.format(port=port, acct=port + 1, coa=coa)
    secret = folder / "other.secret"
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(0o600)
    more = MORE.format(port=port, acct=port + 1, coa=coa, secret=secret)
    with (
        running_freeradius(folder / "behind", foreign_peer, text) as behind,
        running_lab(folder, log_level="debug", more=more) as lab,
    ):
        yield Site(lab, behind, foreign_peer("radclient"))


@pytest.fixture(scope="module")
def front(site: Site, tmp_path_factory: pytest.TempPathFactory, foreign_peer: Callable[[str], str]) -> Iterator[int]:
    """The port of a FreeRADIUS in front of us."""
    port = free_port()
    text = FRONT.format(aaa=site.lab.radius[0], radius=site.lab.radius[1], akadia=SECRET, port=port, acct=port + 1)
    with running_freeradius(tmp_path_factory.mktemp("front") / "front", foreign_peer, text):
        yield port


@pytest.mark.parametrize("name", METHODS)
async def test_client_behind_their_proxy_authenticates(
    site: Site, front: int, foreign_peer: Callable[[str], str], name: str
) -> None:
    lab = site.lab
    k, opc = lab.keys
    identity = permanent_nai(lab.imsi, lab.laboratory.plan.plmn, METHODS[name])
    test = EapolTest(foreign_peer("eapol_test"), identity, SECRET, method=name, timeout=20)
    report = await run_eapol_test(test, "127.0.0.1", front, SoftwareUsim(k, opc))
    assert report.succeeded, report.output[-2000:]
    assert report.keys_agreed == 1


def test_accounting_behind_their_proxy_is_kept(site: Site, front: int) -> None:
    attributes = 'Acct-Status-Type = Start\nAcct-Session-Id = "relayed"\nUser-Name = "u@epc"\nNAS-Identifier = "x"\n'
    assert "Received Accounting-Response" in site.account(attributes, front + 1, "127.0.0.1")
    assert '"relayed"' in site.lab.akadia("aaa", "sessions", "--json").stdout


def test_user_of_their_realm_authenticates_through_us(
    site: Site, tmp_path: Path, foreign_peer: Callable[[str], str]
) -> None:
    config = tmp_path / "pwd.conf"
    config.write_text(
        'network={\nkey_mgmt=WPA-EAP\neap=PWD\nidentity="guest@other.example"\npassword="a password"\n}\n',
        encoding="utf-8",
    )
    host, port = site.lab.radius
    words = (foreign_peer("eapol_test"), "-c", str(config), "-a", host, "-p", str(port), "-s", SECRET, "-t", "20")
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=40)
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.search(r"MPPE keys OK: 1", done.stdout)
    assert "Value: 6f75727320746f6f" in done.stdout


def test_accounting_of_their_realm_goes_through_us(site: Site) -> None:
    attributes = 'Acct-Status-Type = Start\nAcct-Session-Id = "guest"\nUser-Name = "guest@other.example"\n'
    assert "Received Accounting-Response" in site.account(attributes)
    assert '"guest"' not in site.lab.akadia("aaa", "sessions", "--json").stdout
    assert any(line.event == "server dead" for line in site.lab.new_lines("aaa"))


def test_their_nas_ends_and_changes_a_session(site: Site) -> None:
    number = site.session("known")
    done = site.lab.akadia("aaa", "coa", str(number), "--session-timeout", "60")
    assert done.returncode == 0, done.stderr
    done = site.lab.akadia("aaa", "disconnect", str(number))
    assert done.returncode == 0, done.stderr
    assert "is disconnected" in done.stdout


def test_their_nas_refuses_with_an_error_cause(site: Site) -> None:
    number = site.session("stranger")
    refused = site.lab.akadia("aaa", "coa", str(number), "--session-timeout", "60")
    assert "counts as ended now" in refused.stderr
    refused = site.lab.akadia("aaa", "disconnect", str(number))
    assert "has ended (unknown-to-nas)" in refused.stderr
    assert '"stranger"' not in site.lab.akadia("aaa", "sessions", "--json").stdout
