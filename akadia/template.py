"""The text of a laboratory's akadia.toml, every key with what it does."""

import json
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

from runtime.logs import Level
from wire.names import Plmn, epc_realm

HssChoice = Literal["local", "swx"]
AaaChoice = Literal["diameter", "radius"]

SECTIONS = frozenset(
    {
        "network", "log", "capture", "dns", "hss", "hss.api", "hss.metrics", "aaa", "aaa.identities", "aaa.metrics",
        "aaa.radius",
        "aaa.radius.radsec", "aaa.diameter",
        "aaa.swx", "pdngw", "pdngw.metrics", "pdngw.diameter", "pdngw.radius", "ue",
    }
)  # fmt: skip
"""Every table that some part of Akadia reads."""

DNS_PORT, SWX_PORT, API_PORT, DIAMETER_PORT, DIAMETER_TLS_PORT = 5300, 3868, 8443, 3868, 5658
METRICS_PORT = 9464
RADIUS_PORT, RADIUS_ACCT_PORT, RADSEC_PORT, COA_PORT = 1812, 1813, 2083, 3799
IKE_PORT, NATT_PORT, DSMIP_PORT = 5500, 4500, 4191

TEST_PLMN = Plmn("001", "01")
"""The network code that is kept for tests (ITU-T E.212)."""

_COMMENT_COLUMN = 32


@dataclass(frozen=True, slots=True)
class Block:
    """A laboratory's own loopback addresses 127.`a`.`b`.x, so that two laboratories never meet."""

    a: int
    b: int

    def host(self, number: int) -> IPv4Address:
        """The address 127.a.b.`number`."""
        return IPv4Address(bytes((127, self.a, self.b, number)))

    @property
    def dns(self) -> IPv4Address:
        """Where the DNS server listens."""
        return self.host(53)

    @property
    def hss(self) -> IPv4Address:
        """Where the HSS listens."""
        return self.host(2)

    @property
    def aaa(self) -> IPv4Address:
        """Where the AAA server listens."""
        return self.host(3)

    @property
    def pdngw(self) -> IPv4Address:
        """Where the PDN GW listens."""
        return self.host(4)

    @property
    def ue(self) -> IPv4Address:
        """Where the UE is."""
        return self.host(10)

    @property
    def home_prefix(self) -> IPv6Network:
        """The home link's prefix, of the documentation prefix (RFC 3849)."""
        return IPv6Network((int(IPv6Address("2001:db8::")) | (self.a << 8 | self.b) << 64, 64))

    @property
    def ipv4_home_prefix(self) -> IPv4Network:
        """Where IPv4 Home Addresses come from; only tunnels see them (RFC 1918)."""
        return IPv4Network((10 << 24 | self.a << 16 | self.b << 8, 24))

    @property
    def home_agent(self) -> IPv6Address:
        """The home agent's address on the home link."""
        return self.home_prefix.network_address + 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided before a laboratory is written."""

    block: Block
    plmn: Plmn = TEST_PLMN
    apn: str = "internet"
    hss: HssChoice = "local"
    aaa: AaaChoice = "diameter"
    capture: str = ""
    log_level: Level = "info"
    database: str = "akadia.sqlite"

    @property
    def realm(self) -> str:
        """The realm of every Diameter node here."""
        return epc_realm(self.plmn)

    def host(self, name: str) -> str:
        """The Diameter identity of node `name`."""
        return f"{name}.{self.realm}"


def configuration(plan: Plan) -> str:
    """The whole file."""
    parts = (_HEAD, _network(plan), _dns(plan), _hss(plan), _aaa(plan), _pdngw(plan), _ue(plan))
    return "\n".join(_aligned(line) for line in "\n".join(parts).splitlines()) + "\n"


def _aligned(line: str) -> str:
    setting, separator, comment = line.rpartition("  # ")
    return f"{setting:<{_COMMENT_COLUMN}}{separator}{comment}" if separator else line


_HEAD = """\
# A laboratory of Akadia. Paths are relative to this file's folder; addresses are "host:port" or "[IPv6]:port".
# Start all daemons:  akadia --config akadia.toml up
# Then a UE:          akadia --config akadia.toml ue attach
"""


def _network(plan: Plan) -> str:
    return f"""\
[network]  # the home network, the same for every node
mcc = {_quoted(plan.plmn.mcc)}  # Mobile Country Code; 001 is for tests
mnc = {_quoted(plan.plmn.mnc)}  # Mobile Network Code, two or three digits
realm = {_quoted(plan.realm)}  # the realm of the Diameter nodes (TS 23.003 §19.2)
apn = {_quoted(plan.apn)}  # the APN that a UE asks for when it names none

[log]
level = {_quoted(plan.log_level)}  # debug, info, warning or error
format = "text"  # text (one readable line for each event) or json
imsi = "short"  # how an IMSI is written: full, short (00101*******001) or hmac; akadia log imsi shows it
imsi_key = ""  # the key of hmac, in a file of mode 0600 that all nodes have alike

[capture]
folder = {_quoted(plan.capture)}  # each daemon leaves NAME.pcapng of its traffic here; "" for no capture
"""


def _dns(plan: Plan) -> str:
    return f"""\
[dns]  # the little DNS server in which the UE finds its PDN GW (TS 24.303 §5.1.2)
address = {_quoted(f"{plan.block.dns}:{DNS_PORT}")}  # where it listens, UDP
apns = []  # further APNs that the same PDN GW serves
"""


def _hss(plan: Plan) -> str:
    return f"""\
[hss]  # the Home Subscriber Server
database = {_quoted(plan.database)}  # the subscribers; akadia db upgrade brings its schema up to date
master_key = "master.key"  # the key that K and OPc are sealed under: back it up, never beside the database
origin_host = {_quoted(plan.host("hss"))}  # its Diameter identity
origin_realm = {_quoted(plan.realm)}  # its Diameter realm
swx = {_quoted(f"{plan.block.hss}:{SWX_PORT}")}  # where it listens for AAA servers, SWx over TCP
more_swx = []  # further addresses, such as ["[::1]:3868"]
vectors_max = 5  # at most so many vectors for one request
operator_keys = []  # files of mode 0600 with the operator's OP or TOP in hex: akadia explain says more with them
policy = "enforce"  # learn: refuse nothing by the limits of peers, and write proposed-policy.toml beside this file

[[hss.peer]]  # our own AAA server; who is not named in an [[hss.peer]] is refused
{_peer("aaa", plan, "our AAA server", ("swx",))}
{_HSS_LIMITS}

[[hss.peer]]  # an AAA server of your own, for trials
{_peer("tester", plan, "a client of yours", ("swx",))}
{_HSS_LIMITS}

[hss.api]  # the REST API for provisioning; without this table there is none
address = {_quoted(f"{plan.block.hss}:{API_PORT}")}  # where it listens, TLS alone
certificate = "pki/hss.pem"  # its certificate
key = "pki/hss.key"  # and the key
addresses = ["127.0.0.0/8", "::1/128"]  # whence it may be asked, with a token: akadia token add
requests_per_second = 100  # how many requests a token may send
strangers_per_second = 1  # how many requests without a good token an address may send
connections = 64  # how many connections there may be at once
import_megabytes = 512  # the largest file that an import takes
imports = "imports"  # the folder for uploads, which hold keys while they are imported, and for quarantine files
mappings = ""  # a folder with mappings of your own, NAME.toml each; "" for those of Akadia alone

[hss.metrics]  # what the HSS counts, for Prometheus; without this table it is not to be had
{_metrics(plan.block.hss)}
"""


def _metrics(host: IPv4Address) -> str:
    return f"""\
listen = {_quoted(f"{host}:{METRICS_PORT}")}  # where it listens, HTTP: GET /metrics
addresses = ["127.0.0.0/8", "::1/128"]  # whence it may be asked
connections = 8  # how many there may be at once"""


_HSS_LIMITS = """\
agent = false  # true for a relay or proxy, whose requests are those of others
realms = []  # the realms that its requests may name beside its own; [] for any
imsi_prefixes = []  # the first digits of the IMSIs that it may ask about, such as ["00101"]; [] for any
vectors_per_minute = 0  # how many vectors it may have in a minute; 0 for any number
connections = 8  # how many it may have at once, one for each of its processes: two for each worker, and two more"""


def _peer(name: str, plan: Plan, who: str, applications: tuple[str, ...]) -> str:
    return f"""\
name = {_quoted(name)}  # how the log calls it
origin_host = {_quoted(plan.host(name))}  # what {who} says in Origin-Host
origin_realm = {_quoted(plan.realm)}  # and in Origin-Realm
addresses = ["127.0.0.0/8", "::1/128"]  # whence it may connect
applications = {json.dumps(list(applications))}  # what it may ask"""


def _aaa(plan: Plan) -> str:
    block = plan.block
    return f"""\
[aaa]  # the 3GPP AAA server
origin_host = {_quoted(plan.host("aaa"))}  # its Diameter identity
origin_realm = {_quoted(plan.realm)}  # its Diameter realm
hss = {_quoted(plan.hss)}  # local: it opens the HSS's database itself; swx: it asks over Diameter
database = ""  # where accounting and sessions are kept; "" for the database of [hss]
methods = ["aka-prime", "aka"]  # what it offers, the preferred one first; "sim" is the third that there is
failures_kept = 10000  # of so many failed authentications akadia explain can tell
failure_days = 30  # and for so long
silent_days = 0  # after so many days without a word of it a session is over; 0 for never
workers = 1  # processes that serve; a parent replaces those that end, and on SIGHUP reads this file again

[aaa.swx]  # read when hss = "swx"
hss = {_quoted(f"{block.hss}:{SWX_PORT}")}  # where the HSS listens
hss_origin_host = {_quoted(plan.host("hss"))}  # the Diameter identity it must have
hss_realm = {_quoted(plan.realm)}  # its realm
local = {_quoted(str(block.aaa))}  # the address that we connect from; "" for any

[aaa.identities]  # pseudonyms and fast re-authentication (RFC 4187 §4.1.1, §5); remove it, and there are none
keys = "identity.keys"  # what seals them, by epochs: akadia aaa identity-keys status
transport_key = ""  # a file, env:NAME or pkcs11: URI: then keys is "", and they are in the database, sealed under it
rotate_every = 0  # in the database: a new epoch after so many seconds; 0 for never
pseudonyms = "sealed"  # sealed; 3gpp: the format of TS 33.402 §14; off
pseudonym_age = 2592000  # for how many seconds a pseudonym is good
reauthentications = 100  # how many may follow a full authentication
reauthentication_age = 86400  # and for how many seconds
reauthentication_realm = ""  # put behind such an identity, so that it comes back to this server; "" for the UE's own
privacy_keys = []  # RSA keys, PEM, of UEs that encrypt their IMSI

[aaa.metrics]  # what the AAA server counts over all its workers, for Prometheus; without this table it is not to be had
{_metrics(block.aaa)}

[aaa.radius]  # RADIUS with EAP (RFC 3579)
auth = {_quoted(f"{block.aaa}:{RADIUS_PORT}")}  # where it listens, UDP
acct = {_quoted(f"{block.aaa}:{RADIUS_ACCT_PORT}")}  # where it takes accounting (RFC 2866); without it there is none
more_auth = []  # further addresses, such as ["[::1]:1812"]
more_acct = []  # and those of accounting
cui_key = ""  # a file with the key of Chargeable-User-Identity (RFC 4372), or ["new.key", "old.key"]; "" for none

[[aaa.radius.client]]  # who is not in the network of an [[aaa.radius.client]] gets no answer
name = "loopback"  # how the log calls it
network = "127.0.0.0/8"  # the addresses it may send from; the longest prefix wins
more_networks = []  # further ones, such as ["2001:db8::/64"]; two proxies that stand for each other are one client
secret_file = "radius.secret"  # the secret shared with it, on one line
network_name = "WLAN"  # the access network identity of EAP-AKA' (TS 24.302 §8.1.1); "" for EAP-AKA alone
show_imsi = true  # whether it is told the IMSI of a user who hid it
reauthenticates = false  # whether its users authenticate anew, not end, when Session-Timeout is over (RFC 3580 §3.17)
coa = ""  # where it takes Disconnect and CoA (RFC 5176); "" for port 3799 of where its accounting comes from
services = ["auth", "acct"]  # what it may ask
require_message_authenticator = true  # also of an Access-Request without EAP (CVE-2024-3596)
realms = []  # the realms that its users may have; [] for any
requests_per_second = 0  # how many it may send to each worker, of either service; 0 for any number

[aaa.radius.radsec]  # RADIUS over TLS (RFC 6614); without this table there is none
address = {_quoted(f"{block.aaa}:{RADSEC_PORT}")}  # where it listens
more_addresses = []  # further addresses, such as ["[::1]:2083"]
certificate = "pki/aaa.pem"  # its certificate
key = "pki/aaa.key"  # and the key
ca = "pki/ca.pem"  # whom a client's certificate must come from

[[aaa.radius.radsec.client]]  # the first whose names and addresses fit; the secret is "radsec", always
name = "tester"  # how the log calls it
certificate_names = [{_quoted(plan.host("tester"))}]  # a name of its certificate; [] for any certificate of ca
addresses = ["127.0.0.0/8", "::1/128"]  # whence it connects; [] for anywhere
network_name = "WLAN"  # as above, and so are show_imsi, reauthenticates, services, realms and requests_per_second

[aaa.diameter]  # Diameter EAP (RFC 4072), MIP6I (RFC 5778), S6b, STa and SWm (TS 29.273)
address = {_quoted(f"{block.aaa}:{DIAMETER_PORT}")}  # where it listens, TCP
tls_address = {_quoted(f"{block.aaa}:{DIAMETER_TLS_PORT}")}  # where it listens, TLS (RFC 6733 §2.2)
more_addresses = []  # further ones, such as ["[::1]:3868"]
more_tls_addresses = []  # and those for TLS
certificate = "pki/aaa.pem"  # its certificate for TLS
key = "pki/aaa.key"  # and the key
ca = "pki/ca.pem"  # whom a peer's certificate must come from, when the peer shows one

[[aaa.diameter.peer]]  # our own PDN GW; who is not named in an [[aaa.diameter.peer]] is refused
{_peer("pgw", plan, "our PDN GW", ("eap", "mip6i", "s6b"))}
network_name = "WLAN"  # the access network identity of EAP-AKA'; "" for EAP-AKA alone

[[aaa.diameter.peer]]  # a client of your own, for trials
{_peer("tester", plan, "a client of yours", ("eap", "mip6i", "s6b", "sta", "swm"))}
network_name = "WLAN"  # as above
names_network = false  # whether the ANID of its requests is taken instead (TS 29.273 §5.2.3.7)
"""


def _pdngw(plan: Plan) -> str:
    block = plan.block
    return f"""\
[pdngw]  # the PDN GW: IKEv2 responder and home agent
address = {_quoted(str(block.pdngw))}  # where it listens; its IPv4 home agent address (RFC 5555)
ike_port = {IKE_PORT}  # IKEv2, UDP (500 in the field)
natt_port = {NATT_PORT}  # IKEv2 and ESP in UDP (RFC 3948)
dsmip_port = {DSMIP_PORT}  # Binding Updates in UDP (RFC 5555 §4.1)
id = {_quoted(plan.host("pgw"))}  # its name; the certificate carries it, and every APN
certificate = "pki/pgw.pem"  # its certificate for IKEv2
key = "pki/pgw.key"  # and the key
ha_address = {_quoted(str(block.home_agent))}  # the home agent's IPv6 address
home_prefix = {_quoted(str(block.home_prefix))}  # the pool that Home Addresses come from
ipv4_home_prefix = {_quoted(str(block.ipv4_home_prefix))}  # and the IPv4 ones, for UEs that ask (RFC 5555 §3.1.1)
ike_proposals = []  # what it accepts for IKE SAs, such as ["aes256gcm16-prfsha384-ecp384"]; [] for all that is good
esp_proposals = []  # and for ESP, such as ["aes256gcm16", "aes256-sha256"]; [] for all that is good
dns_servers = []  # the DNS servers that UEs are told of when they ask
pcscf_servers = []  # and the P-CSCFs of IMS (RFC 7651)
eap_only = false  # true: a UE that asks for no certificate gets none (RFC 5998)
ask_identity = false  # true: every UE is asked for its identity by EAP, even when IDi is its NAI
force_encapsulation = false  # true: clients in IPv4 networks that know no better put ESP into UDP as well
auth_lifetime = 0  # seconds after which a UE has to have authenticated anew (RFC 4478); 0: as the AAA server says
reauthentication_time = 60  # seconds that it has for it when the AAA server wants it (RAR)
mobike_check = "after"  # when a UE that moves has to show that it is there: "before" or "after" ESP follows, or "never"
redirect_to = ""  # another PDN GW, address or name, for UEs from redirect_from on; "" for none (RFC 5685)
redirect_from = 0  # from so many IKE SAs on, UEs are sent there
redirect_apns = []  # the PDN GWs of APNs that are not served here, such as ["ims=192.0.2.5"]
drain_to = ""  # another PDN GW that UEs are sent to when this one stops, or by akadia pdngw drain; "" for none
control = "pdngw.sock"  # the socket on which akadia pdngw status, drain and undrain reach it; "" for none
half_open_limit = 1000  # IKE SAs at most whose UE is not authenticated yet; beyond, an old one gives way
half_open_per_source = 500  # of these, at most so many from one address
cookie_threshold = 100  # from so many on, a COOKIE comes first (RFC 7296 §2.6)
tun = ""  # "" for a home network in the process; else a TUN device that leads to it (as root), such as "home0"
home_link = ""  # with tun: the interface where other hosts share home_prefix, such as "eth1"; "" for none
aaa = {_quoted(plan.aaa)}  # how it asks the AAA server: diameter or radius

[pdngw.metrics]  # what the PDN GW counts, for Prometheus; without this table it is not to be had
{_metrics(block.pdngw)}

[pdngw.diameter]  # read when aaa = "diameter"
application = "s6b"  # s6b (TS 29.273); mip6i (RFC 5778); eap: Diameter EAP alone (RFC 4072), no static Home Address
aaa = {_quoted(f"{block.aaa}:{DIAMETER_PORT}")}  # where the AAA server listens
aaa_origin_host = {_quoted(plan.host("aaa"))}  # the Diameter identity it must have
aaa_realm = {_quoted(plan.realm)}  # its realm
origin_host = {_quoted(plan.host("pgw"))}  # the gateway's own Diameter identity
origin_realm = {_quoted(plan.realm)}  # and realm

[pdngw.radius]  # read when aaa = "radius"
aaa = {_quoted(f"{block.aaa}:{RADIUS_PORT}")}  # where the AAA server listens
acct = {_quoted(f"{block.aaa}:{RADIUS_ACCT_PORT}")}  # where it takes accounting; without it there is none
secret_file = "radius.secret"  # the secret shared with it
nas_identifier = {_quoted(plan.host("pgw"))}  # how the gateway names itself (RFC 2865 §5.32)
coa = {_quoted(f"{block.pdngw}:{COA_PORT}")}  # where Disconnect and CoA of the AAA server are taken (RFC 5176)
coa_addresses = ["127.0.0.0/8", "::1/128"]  # whence, beside the server's own address
interim = 600  # seconds between two Interim-Updates of a session; 0 for none
"""


def _ue(plan: Plan) -> str:
    block = plan.block
    return f"""\
[ue]  # the UE, in a foreign network that knows IPv4 alone
address = {_quoted(str(block.ue))}  # its Care-of Address
dns = {_quoted(f"{block.dns}:{DNS_PORT}")}  # the DNS server that it asks for its PDN GW
ca = "pki/ca.pem"  # whom the PDN GW's certificate must come from
gateway_id = {_quoted(plan.host("pgw"))}  # the name that the certificate must carry
usim = "ue/usim.toml"  # its card: IMSI, K and OPc
control = "ue.sock"  # where akadia ue ping and others reach a UE that stays attached
ipv4 = true  # asks for an IPv4 Home Address as well
method = "aka"  # aka (EAP-AKA) or aka-prime (EAP-AKA')
profile = ""  # a kind of UE, such as "apple-att-us" (akadia ue profiles); what it says holds instead of this section
ike_proposals = []  # what it offers for the IKE SA, such as ["aes256gcm16-prfsha384-ecp384"]; [] for all that is good
esp_proposals = []  # and for ESP, such as ["aes256gcm16", "aes256-sha256"]; [] for all that is good
eap_only = false  # true: the PDN GW may do without a certificate, by EAP alone (RFC 5998)
esn = {"false" if plan.capture else "true"}  # may ESP count in 64 bits? Wireshark 4.0 verifies a capture only of 32
gateway_port = {NATT_PORT}  # the PDN GW's port for IKEv2 and ESP, where NAT is traversed (RFC 7296 §2.23)
ike_port = 0  # where IKE begins, 500 in the field or {IKE_PORT} here, to float to gateway_port; 0: it begins there
own_port = 0  # the UE's own port that IKE begins from, 500 in the field (as root), to go on from gateway_port; 0: any
reauthentication = "make-before-break"  # or break-before-make: does an IKE SA stand until the next one does?
keepalive_interval = 20  # seconds of silence after which a UE behind a NAT speaks (RFC 3948 §4); 0: never
dsmip_port = {DSMIP_PORT}  # the home agent's port for Binding Updates in UDP
"""


def _quoted(text: str) -> str:
    """`text` as a TOML string: TOML's escapes are those of JSON."""
    return json.dumps(text)
