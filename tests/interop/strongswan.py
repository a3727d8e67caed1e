"""strongSwan's charon in a network namespace, configured by the test: a gateway that asks our AAA server."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from akadia.laboratory import Laboratory, create
from tests.interop.program import Program
from tests.namespaces import AKADIA, Namespace, NewNamespace, join

PLUGINS = (
    "random nonce aes sha1 sha2 hmac md5 mgf1 kdf gcm ctr chapoly curve25519 gmp pem pkcs1 pkcs8"
    " x509 pubkey constraints openssl kernel-libipsec kernel-netlink socket-default vici updown"
    " eap-identity eap-aka eap-radius fips-prf"
)
"""ESP is in user space, as the kernels that tests run on may have none."""

_MAIN = """
charon-systemd {{
    load = {plugins}
    journal {{
        default = -1
    }}
    filelog {{
        stdout {{
            path = /dev/stdout
            default = 1
            flush_line = yes
        }}
    }}
    plugins {{
        vici {{
            socket = {uri}
        }}
        {settings}
    }}
    {more}
}}
"""

RADIUS = """
eap-radius {{
    accounting = yes
    accounting_send_class = yes
    servers {{
        akadia {{
            address = {address}
            auth_port = 1812
            acct_port = 1813
            secret = {secret}
        }}
    }}
    dae {{
        enable = yes
        listen = 0.0.0.0
        port = 3799
        secret = {secret}
    }}
}}
"""
"""What a gateway needs in `settings` to ask an AAA server, to account to it and to obey its Disconnect and CoA."""

GATEWAY = """
connections {{
    gateway {{
        version = 2
        local_addrs = {address}
        pools = {pools}
        send_cert = always
        {more}
        local {{
            auth = pubkey
            certs = gateway.pem
            id = {name}
        }}
        remote {{
            auth = eap-radius
            id = *@nai.epc.mnc001.mcc001.3gppnetwork.org
        }}
        children {{
            net {{
                local_ts = 0.0.0.0/0, ::/0
            }}
        }}
    }}
}}
pools {{
    homes {{
        addrs = 2001:db8:77::/120
    }}
    homes4 {{
        addrs = 203.0.113.128/26
    }}
}}
"""
"""`swanctl.conf` of a gateway that relays EAP, asking for no identity because IDi is one (TS 33.402 §8.2.2)."""


@dataclass(frozen=True)
class Charon:
    """A charon that runs; `program` is what it says."""

    folder: Path
    where: Namespace
    program: Program
    tool: str

    def swanctl(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """swanctl(8), which asks this charon; its exit code is the caller's to look at."""
        return self.where.run(self.tool, *words, "--uri", _uri(self.folder))

    def load(self, text: str) -> None:
        """Take the place of all connections, pools and secrets by these."""
        file = self.folder / "swanctl.conf"
        file.write_text(text, encoding="utf-8")
        done = self.swanctl("--load-all", "--file", str(file), "--noprompt")
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running_charon(
    folder: Path,
    foreign_peer: Callable[[str], str],
    where: Namespace,
    text: str,
    *,
    credentials: Mapping[str, Path],
    settings: str = "",
    more: str = "",
    plugins: str = "",
    preload: Path | None = None,
) -> Iterator[Charon]:
    """charon with the swanctl.conf `text`.

    `credentials` are copied to where swanctl looks for them, such as "x509/gateway.pem", "private/gateway.key" and
    "x509ca/ca.pem". `settings` stand in the section of plugins, `more` beside it, and `plugins` are loaded as well.
    `preload` is a library with a plugin that is in none of Debian's packages.
    """
    for name in ("private", "x509", "x509ca", "rsa", "ecdsa", "pkcs8"):
        (folder / name).mkdir(parents=True)
    for name, path in credentials.items():
        shutil.copy(path, folder / name)
    main = _MAIN.format(plugins=f"{PLUGINS} {plugins}", uri=_uri(folder), settings=settings, more=more)
    (folder / "strongswan.conf").write_text(main, encoding="utf-8")
    tool = foreign_peer("swanctl")
    environment = [f"STRONGSWAN_CONF={folder / 'strongswan.conf'}", *([f"LD_PRELOAD={preload}"] if preload else [])]
    command = ("env", *environment, foreign_peer("charon-systemd"))
    program = Program(*where.command(*command))
    try:
        program.wait_for("spawning .* worker threads")
        charon = Charon(folder, where, program, tool)
        charon.load(text)
        yield charon
    finally:
        program.end()


def _uri(folder: Path) -> str:
    return f"unix://{folder / 'vici'}"


AAA, GATEWAY_ADDRESS, DNS, UE = "192.0.2.3", "192.0.2.4", "192.0.2.53", "192.0.2.10"


@dataclass(frozen=True)
class Site:
    """Our AAA server and DNS in one namespace, strongSwan as the gateway in another, a third for the UE."""

    laboratory: Laboratory
    core: Namespace
    ue: Namespace
    gateway: Charon
    aaa: Program

    def command(self, *words: str) -> list[str]:
        """The command that runs `akadia …` where the UE is."""
        return self.ue.command(*AKADIA, "--config", str(self.laboratory.config), *words)

    def akadia(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `akadia …` where the AAA server is."""
        return self.core.run(*AKADIA, "--config", str(self.laboratory.config), *words)


@contextmanager
def gateway_site(
    folder: Path,
    foreign_peer: Callable[[str], str],
    new: NewNamespace,
    *,
    pools: str = "homes, homes4",
    more: str = "",
    settings: str = "",
    name: str = "internet",
) -> Iterator[Site]:
    """strongSwan in the place of our PDN GW, which the UE finds by our DNS.

    `more` stands in its connection (such as "rekey_time = 5s"), `settings` beside eap-radius in the section of plugins;
    `name` is what it calls itself, a name of its certificate.
    """
    laboratory = create(folder / "lab", aaa="radius", capture=True)
    _move(laboratory)
    core, gateway, ue = new(), new(), new()
    join(core, {core: (f"{AAA}/24", f"{DNS}/24"), gateway: (f"{GATEWAY_ADDRESS}/24",), ue: (f"{UE}/24",)})
    secret = laboratory.radius_secret.read_text(encoding="ascii").strip()
    config = ("--config", str(laboratory.config))
    programs = [Program(*core.command(*AKADIA, *config, *words, "serve")) for words in (("dns",), ("aaa",))]
    pki = laboratory.folder / "pki"
    try:
        for program in programs:
            program.wait_for("dns listening|aaa ready")
        with running_charon(
            folder / "gateway",
            foreign_peer,
            gateway,
            GATEWAY.format(address=GATEWAY_ADDRESS, pools=pools, more=more, name=name),
            credentials={"x509/gateway.pem": pki / "pgw.pem", "private/gateway.key": pki / "pgw.key"},
            settings=RADIUS.format(address=AAA, secret=secret) + settings,
        ) as charon:
            yield Site(laboratory, core, ue, charon, programs[1])
    finally:
        for program in programs:
            program.end()


def _move(laboratory: Laboratory) -> None:
    """Give the laboratory addresses of a link instead of its own on loopback; its UE begins at the field's port."""
    block = laboratory.plan.block
    text = laboratory.config.read_text(encoding="utf-8")
    text = text.replace(f"127.{block.a}.{block.b}.", "192.0.2.").replace('"127.0.0.0/8"', '"192.0.2.0/24"')
    text = text.replace("ike_port = 0 ", "ike_port = 500 ")
    laboratory.config.write_text(text, encoding="utf-8")
