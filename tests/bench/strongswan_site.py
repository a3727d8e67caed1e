"""strongSwan in the place of the PDN GW, before the same stub of an AAA server and the same UEs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.bench.crowd import write_same_cards
from tests.bench.esp_link import EspLink
from tests.bench.gateway_site import AT_ONCE, Crowd, GatewaySite, Suite, edit, new_laboratory, started, stub_words
from tests.bench.processes import BenchFailed
from tests.bench.site import akadia_words
from tests.bench.workplace import peer
from tests.interop.strongswan import AAA, GATEWAY, GATEWAY_ADDRESS, UE, running_charon
from tests.namespaces import apart, join, new_namespace
from tests.network_side import OPC, K

_RADIUS = """
eap-radius {{
    servers {{
        akadia {{
            address = {address}
            auth_port = 1812
            secret = {secret}
            sockets = {sockets}
        }}
    }}
}}
"""
_UNLIMITED = "cookie_threshold = 0\nblock_threshold = 0"
"""All UEs have one address, from which charon takes no more than five at once by default."""


_TUNNEL = """
connections {{
    bench {{
        version = 2
        local_addrs = {local}
        remote_addrs = {remote}
        proposals = {ike}
        {more}
        local {{
            auth = psk
            id = {name}
        }}
        remote {{
            auth = psk
        }}
        children {{
            net {{
                esp_proposals = {esp}
                {selector} = ::/0
            }}
        }}
    }}
}}
pools {{
    homes {{
        addrs = 2001:db8:77::/120
    }}
}}
secrets {{
    ike-bench {{
        secret = "of the bench"
    }}
}}
"""
_HOST = "2001:db8:88::1"


def lacks_charon() -> str:
    """Why there is no strongSwan here, or nothing."""
    try:
        peer("charon-systemd"), peer("swanctl")
    except BenchFailed as error:
        return str(error)
    return ""


@contextmanager
def strongswan_alone(folder: Path, suite: Suite, cards: int) -> Iterator[GatewaySite]:
    """charon in a namespace with DNS and the stub, UEs in another."""
    laboratory = new_laboratory(folder, suite)
    edit(laboratory.config, {r"^\[ue\].*$": "[ue]\nmobility = false"})
    file = laboratory.folder / "cards.csv"
    write_same_cards(file, cards, K.hex(), OPC.hex())
    pki, secret = laboratory.folder / "pki", laboratory.radius_secret.read_text(encoding="ascii").strip()
    text = GATEWAY.format(
        address=GATEWAY_ADDRESS, pools="homes", more=f"proposals = {suite.ike}", name=laboratory.plan.apn
    )
    with ExitStack() as running:
        ue, core = (running.enter_context(new_namespace()) for _ in range(2))
        apart(laboratory, ue, core)
        dns = core.command(*akadia_words(laboratory.config, "dns", "serve"))
        others = (
            started(running, laboratory, dns, "dns listening"),
            started(running, laboratory, core.command(*stub_words(laboratory, AAA)), "stub ready"),
        )
        try:
            charon = running.enter_context(
                running_charon(
                    laboratory.folder / "charon", peer, core, text.replace("77::/120", "77::/112"),
                    credentials={"x509/gateway.pem": pki / "pgw.pem", "private/gateway.key": pki / "pgw.key"},
                    settings=_RADIUS.format(address=AAA, secret=secret, sockets=AT_ONCE), more=_UNLIMITED,
                )
            )  # fmt: skip
        except pytest.fail.Exception as error:
            raise BenchFailed(f"strongSwan does not start: {error}") from None
        site = GatewaySite(laboratory, file, charon.program.pid, others, ue)
        Crowd(site, 1).leave()
        yield site


@contextmanager
def libipsec_link(folder: Path, suite: Suite) -> Iterator[EspLink]:
    """The same link with charon at both ends, whose ESP (kernel-libipsec) is in user space as ours is."""
    with ExitStack() as running:
        ue, home = (running.enter_context(new_namespace()) for _ in range(2))
        join(home, {home: (f"{GATEWAY_ADDRESS}/24",), ue: (f"{UE}/24",)})
        home.ip(f"-6 address add {_HOST}/128 dev lo")
        ends = (
            (home, GATEWAY_ADDRESS, UE, "pools = homes", "local_ts", "gateway"),
            (ue, UE, GATEWAY_ADDRESS, "vips = ::", "remote_ts", "ue"),
        )
        place = Path(mkdtemp(prefix="libipsec", dir=folder))
        try:
            gateway, client = (
                running.enter_context(
                    running_charon(
                        place / name, peer, where,
                        _TUNNEL.format(
                            local=local, remote=remote, more=more, selector=selector, name=name,
                            ike=suite.ike, esp=suite.esp,
                        ),
                        credentials={},
                    )
                )
                for where, local, remote, more, selector, name in ends
            )  # fmt: skip
        except pytest.fail.Exception as error:
            raise BenchFailed(f"strongSwan does not start: {error}") from None
        done = client.swanctl("--initiate", "--child", "net", "--timeout", "30")
        if done.returncode:
            raise BenchFailed(f"strongSwan makes no tunnel: {done.stdout.splitlines()[-1]}")
        yield EspLink(ue, home, _HOST, (client.program.pid, gateway.program.pid))
