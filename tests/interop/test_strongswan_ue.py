"""strongSwan as the UE: it attaches to our PDN GW by EAP-AKA in the ways that are common in the field."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from akadia.laboratory import Laboratory
from pdngw_proxy.ipv4_home import home_agent_of
from tests.interop.strongswan_ue import OTHER, UE, Attachment, aka_card, attachment
from tests.lab import LogLine
from tests.namespaces import NewNamespace

__all__ = ["aka_card"]

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

Attach = Callable[..., AbstractContextManager[Attachment]]


@pytest.fixture
def attaching(tmp_path: Path, foreign_peer: Callable[[str], str], aka_card: Path, namespace: NewNamespace) -> Attach:
    """`attaching(changes={...})` is a laboratory and a charon beside it."""

    def make(**wishes: object) -> AbstractContextManager[Attachment]:
        return attachment(tmp_path, foreign_peer, aka_card, namespace, **wishes)  # type: ignore[arg-type]

    return make


SUITES = [
    ("aes256gcm16-prfsha384-ecp384", "aes256gcm16", "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_384"),
    ("aes128gcm16-prfsha256-x25519", "aes128gcm16", "AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519"),
    ("chacha20poly1305-prfsha512-ecp521", "chacha20poly1305", "CHACHA20_POLY1305/PRF_HMAC_SHA2_512/ECP_521"),
    ("aes128-sha256-modp2048", "aes128-sha256", "AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048"),
    ("aes256-sha384-modp3072", "aes256-sha384", "AES_CBC-256/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/MODP_3072"),
    ("aes256-sha512-modp4096", "aes256-sha512", "AES_CBC-256/HMAC_SHA2_512_256/PRF_HMAC_SHA2_512/MODP_4096"),
    ("aes256-sha256-ecp256", "aes256-sha256", "AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256"),
]


def test_ue_attaches_with_every_suite(attaching: Attach) -> None:
    with attaching() as site:
        home_agent = str(site.lab.laboratory.plan.block.home_agent)
        for proposals, esp, suite in SUITES:
            done = site.connect(proposals=proposals, esp=esp)
            assert done.returncode == 0, done.stdout
            sas = site.sas()
            assert suite in sas, sas
            assert site.charon.where.ping(home_agent) == ["reply 1", "reply 2", "reply 3"], proposals
            assert site.charon.swanctl("--terminate", "--ike", "pgw", "--timeout", "10").returncode == 0
        lines = site.gateway_lines()
        assert [line.details["apn"] for line in lines if line.event == "UE authenticated"] == ["internet"] * len(SUITES)
        assert not [line for line in lines if line.is_failure]


def attached(site: Attachment, **wishes: str) -> str:
    """Attach, ping the home agent through the tunnel, and leave; what swanctl said of the SAs."""
    done = site.connect(**wishes)
    assert done.returncode == 0, done.stdout + done.stderr
    sas = site.sas()
    home_agent = str(site.lab.laboratory.plan.block.home_agent)
    assert site.charon.where.ping(home_agent) == ["reply 1", "reply 2", "reply 3"]
    assert site.charon.swanctl("--terminate", "--ike", "pgw", "--timeout", "10").returncode == 0
    return sas


def causes(lines: list[LogLine]) -> list[str]:
    """Why the gateway complained."""
    return [line.details.get("cause", line.event) for line in lines if line.is_failure]


def complaints(site: Attachment) -> list[str]:
    """Why the gateway complained, as soon as it has."""
    for _ in range(50):
        found = causes(site.gateway_lines())
        if found:
            return found
        time.sleep(0.1)
    return []


def test_ue_names_itself_and_the_gateway_in_every_form(attaching: Attach) -> None:
    gateway = "pgw.epc.mnc001.mcc001.3gppnetwork.org"
    with attaching() as site:
        for wishes in (
            {"idr": gateway},
            {"own": f"userfqdn:{site.nai}"},
            {"own": f"fqdn:{site.nai}"},
            {"own": f"keyid:{site.nai}"},
            {"own": UE, "eap_id": site.nai},
            {"own": f"asn1dn:CN={site.lab.imsi}", "eap_id": site.nai},
        ):
            attached(site, **wishes)
        lines = site.gateway_lines()
        users = [line.details for line in lines if line.event == "UE authenticated"]
        assert [one["identity"] for one in users] == [site.nai] * 6
        assert [one["apn"] for one in users] == ["", *["internet"] * 5]
        assert not causes(lines)


def test_ue_and_gateway_agree_to_do_without_certificates(attaching: Attach) -> None:
    """RFC 5998; the UE trusts no authority at all."""
    changes = {"eap_only = false": "eap_only = true"}
    with attaching(changes=changes, credentials={}) as site:
        attached(site, remote="auth = eap-aka")
        assert "received end entity cert" not in "".join(site.charon.program.said)


def test_ue_brings_back_its_cookie(attaching: Attach) -> None:
    with attaching(changes={"cookie_threshold = 100": "cookie_threshold = 0"}) as site:
        done = site.connect()
        assert done.returncode == 0
        assert "parsed IKE_SA_INIT response 0 [ N(COOKIE) ]" in done.stdout
        assert "generating IKE_SA_INIT request 0 [ N(COOKIE) SA KE" in done.stdout


def test_ue_takes_the_group_that_the_gateway_wants(attaching: Attach) -> None:
    changes = {"ike_proposals = []": 'ike_proposals = ["aes128-sha256-modp2048"]'}
    with attaching(changes=changes) as site:
        done = site.connect(proposals="aes128-sha256-ecp384-modp2048")
        assert done.returncode == 0
        assert "peer didn't accept DH group ECP_384, it requested MODP_2048" in done.stdout
        assert "/MODP_2048" in site.sas()
        assert complaints(site) == ["KE of group 20, not of MODP_2048"]
        refused = site.connect(proposals="aes256gcm16-prfsha384-ecp384")
        assert refused.returncode
        (cause,) = complaints(site)
        assert cause == (
            "no common IKE proposal: offered AES_GCM_16_256 PRF_HMAC_SHA2_384 ECP_384; "
            "wanted AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048"
        )


def test_card_with_another_key_refuses_the_network(attaching: Attach) -> None:
    with attaching() as site:
        done = site.connect(key="11" * 32)
        assert done.returncode
        assert "generating IKE_AUTH request 2 [ EAP/RES/AKA ]" in done.stdout
        assert "EAP/FAIL" in done.stdout
        (cause,) = complaints(site)
        assert cause.startswith(f"{site.nai}: DEA 4001 AUTHENTICATION_REJECTED")
        attached(site)


def test_unknown_subscriber_is_told_so(attaching: Attach) -> None:
    with attaching() as site:
        removed = site.lab.akadia("subscriber", "remove", str(site.lab.imsi))
        assert removed.returncode == 0, removed.stderr
        done = site.connect()
        assert done.returncode
        assert "EAP/FAIL" in done.stdout
        (cause,) = complaints(site)
        assert cause.startswith(f"{site.nai}: DEA 5001 USER_UNKNOWN (3GPP)")


def test_card_that_counts_is_resynchronised(attaching: Attach) -> None:
    with attaching(card_settings="seq_check = yes") as site:
        done = site.connect()
        assert done.returncode == 0, done.stdout
        assert "received SQN invalid, sending AKA_SYNCHRONIZATION_FAILURE" in done.stdout


LOSSY = """
table inet lossy {
    chain arriving {
        type filter hook input priority 0
        udp sport { 500, 4500 } numgen inc mod 3 == 0 drop
    }
    chain leaving {
        type filter hook output priority 0
        udp dport { 500, 4500 } numgen inc mod 3 == 1 drop
    }
}
"""


def test_ue_attaches_when_one_packet_in_three_is_lost(
    attaching: Attach, tmp_path: Path, foreign_peer: Callable[[str], str]
) -> None:
    rules = tmp_path / "lossy.nft"
    rules.write_text(LOSSY)
    with attaching(more="retransmit_timeout = 0.5\nretransmit_base = 1.2\nretransmit_tries = 9") as site:
        done = site.charon.where.run(foreign_peer("nft"), "-f", str(rules))
        assert done.returncode == 0, done.stderr
        done = site.connect()
        assert done.returncode == 0, done.stdout
        assert "retransmit 1 of request" in done.stdout
        lines = site.gateway_lines()
        assert [line.event for line in lines].count("UE authenticated") == 1
        assert not causes(lines)


CURVES = {"ECDSA P-384": ec.SECP384R1(), "ECDSA P-256": ec.SECP256R1()}


def signed_by(kind: str, folder: Path, lab_pki: Path) -> tuple[Path, Path]:
    """The gateway's certificate anew with a key of that kind, under an intermediate authority; root and signer."""
    names = (x509.DNSName("internet"), x509.DNSName("pgw.epc.mnc001.mcc001.3gppnetwork.org"))
    root_key, middle_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    if kind == "RSA":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        key = ed25519.Ed25519PrivateKey.generate() if kind == "Ed25519" else ec.generate_private_key(CURVES[kind])
    root = certificate("root", "root", root_key.public_key(), root_key, authority=True)
    middle = certificate("middle", "root", middle_key.public_key(), root_key, authority=True)
    leaf = certificate("pgw", "middle", key.public_key(), middle_key, names=names)
    pem = serialization.Encoding.PEM
    (lab_pki / "pgw.pem").write_bytes(leaf.public_bytes(pem) + middle.public_bytes(pem))
    (lab_pki / "pgw.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    return folder / "root.pem", lab_pki / "pgw.pem"


def certificate(
    subject: str,
    issuer: str,
    key: CertificatePublicKeyTypes,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool = False,
    names: tuple[x509.DNSName, ...] = (),
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("RSA", "RSA_EMSA_PSS_SHA2_256_SALT_32"),
        ("ECDSA P-384", "ECDSA_WITH_SHA384_DER"),
        ("Ed25519", "ED25519"),
    ],
)
def test_ue_believes_a_gateway_under_an_intermediate_authority(
    attaching: Attach, tmp_path: Path, kind: str, said: str
) -> None:
    def prepare(laboratory: Laboratory) -> dict[str, Path]:
        root, _ = signed_by(kind, tmp_path, laboratory.folder / "pki")
        return {"x509ca/root.pem": root}

    with attaching(prepare=prepare) as site:
        done = site.connect()
        assert done.returncode == 0, done.stdout
        assert 'received issuer cert "CN=middle"' in done.stdout
        assert f"authentication of 'internet' with {said} successful" in done.stdout


PING_IPV4 = """
import os, socket, struct, sys
def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
    raw.settimeout(5)
    asked = struct.pack("!HH", os.getpid() & 0xFFFF, 1) + b"0123456789" * 100
    raw.sendto(struct.pack("!BBH", 8, 0, checksum(b"\\x08\\0\\0\\0" + asked)) + asked, (sys.argv[1], 0))
    while True:
        octets, source = raw.recvfrom(2000)
        if octets[20] == 0 and octets[24:] == asked and source[0] == sys.argv[1]:
            print("reply", flush=True)
            break
"""


def test_ue_that_knows_no_mobility_gets_both_addresses_and_servers(attaching: Attach) -> None:
    changes = {"dns_servers = []": 'dns_servers = ["192.0.2.53", "2001:db8::53"]'}
    with attaching(changes=changes) as site:
        block = site.lab.laboratory.plan.block
        for vips, found in (("0.0.0.0", [4]), ("::, 0.0.0.0", [4, 6])):
            done = site.connect(vips=vips, child="local_ts = dynamic", remote_ts="0.0.0.0/0, ::/0")
            assert done.returncode == 0, done.stdout
            given = [line.split()[-1] for line in done.stdout.splitlines() if "installing new virtual IP" in line]
            assert sorted(ip_address(one).version for one in given) == found
            assert all(
                ip_address(one) in block.ipv4_home_prefix or ip_address(one) in block.home_prefix for one in given
            )
            agent = str(home_agent_of(block.ipv4_home_prefix))
            assert site.charon.where.run(sys.executable, "-c", PING_IPV4, agent).stdout == "reply\n"
            assert site.charon.swanctl("--terminate", "--ike", "pgw", "--timeout", "10").returncode == 0
        assert not causes(site.gateway_lines())


def test_ue_that_takes_nothing_but_ipv4_is_told_that_there_is_none(attaching: Attach) -> None:
    def prepare(laboratory: Laboratory) -> dict[str, Path]:
        lines = laboratory.config.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("ipv4_home_prefix")]
        assert len(kept) == len(lines) - 1
        laboratory.config.write_text("".join(kept), encoding="utf-8")
        return {"x509ca/ca.pem": laboratory.ca}

    with attaching(prepare=prepare) as site:
        done = site.connect(vips="0.0.0.0")
        assert done.returncode
        assert "N(INT_ADDR_FAIL)" in done.stdout
        assert complaints(site) == [
            f"{site.nai}: no Home Address: the UE takes nothing but IPv4, and there is no IPv4 Home Address to give"
        ]


def test_ue_is_sent_to_the_gateway_that_is_not_full(attaching: Attach) -> None:
    """RFC 5685 §3: in IKE_SA_INIT; the laboratory's own address is the other gateway, so that it goes on there."""
    with attaching(changes={'redirect_to = ""': f'redirect_to = "{OTHER}"'}) as site:
        site.gateway.ip(f"address add {OTHER}/24 dev cable0")
        done = site.connect()
        assert done.returncode, "nobody is at the other gateway"
        assert "parsed IKE_SA_INIT response 0 [ N(REDIR) ]" in done.stdout
        assert f"sending packet: from {UE}[500] to {OTHER}[500]" in done.stdout
        assert "N(REDIR_FROM)" in done.stdout
        assert not causes(site.gateway_lines())


def test_ue_is_sent_to_the_gateway_of_its_apn(attaching: Attach) -> None:
    """RFC 5685 §6: in the last IKE_AUTH, when both know each other."""
    changes = {"redirect_apns = []": f'redirect_apns = ["internet={OTHER}"]'}
    with attaching(changes=changes) as site:
        site.connect()  # swanctl may be content before the last message has come
        site.said(r"parsed IKE_AUTH response 3 \[ AUTH N\(REDIR\) \]")
        site.said(rf"initiating IKE_SA pgw\[\d+\] to {OTHER}")
        assert complaints(site) == [f"{site.nai}: is redirected to {OTHER}"]


def test_ue_leaves_for_where_a_gateway_that_stops_sends_it(attaching: Attach) -> None:
    """RFC 5685 §5: REDIRECT in INFORMATIONAL."""
    with attaching(changes={'drain_to = ""': f'drain_to = "{OTHER}"'}) as site:
        assert site.connect().returncode == 0
        daemon = f"{site.lab.laboratory.config} pdngw serve"
        found = subprocess.run(["pgrep", "--full", daemon], capture_output=True, text=True, check=True)
        os.kill(int(found.stdout), signal.SIGTERM)
        site.said(f"redirected to {OTHER}")
        site.said(rf"initiating IKE_SA pgw\[\d+\] to {OTHER}")
        site.said("received DELETE for IKE_SA")


def test_ue_leaves_for_the_name_that_a_gateway_that_is_drained_tells_it(attaching: Attach) -> None:
    """RFC 5685 §5, §9.2: GW Ident Type 3."""
    with attaching() as site:
        assert site.connect().returncode == 0
        done = site.lab.akadia("pdngw", "drain", "--to", "pgw9.invalid", "--json")
        assert (done.returncode, json.loads(done.stdout)["facts"]["sessions"]) == (0, "1"), done.stderr
        site.said("redirected to pgw9.invalid")
        assert json.loads(site.lab.akadia("pdngw", "status", "--json").stdout)["facts"]["redirected"] == "1"


def test_ue_is_told_when_to_authenticate_anew(attaching: Attach) -> None:
    """RFC 4478 §3."""
    with attaching(changes={"auth_lifetime = 0": "auth_lifetime = 3600"}) as site:
        done = site.connect()
        assert done.returncode == 0, done.stdout
        assert "received AUTH_LIFETIME of 3600s" in done.stdout


def test_ue_gets_an_sa_for_the_mobility_header_alone(attaching: Attach) -> None:
    """RFC 4877 §4: transport mode, narrowed to the Home Address and the home agent."""
    with attaching() as site:
        block = site.lab.laboratory.plan.block
        done = site.connect(
            child=f"mode = transport_proxy\nlocal_ts = dynamic[135]\nremote_ts = {block.home_agent}/128[135]",
            remote_ts=f"{block.home_agent}/128[135]",
        )
        (installed,) = [line for line in site.gateway_lines() if line.event == "security association installed"]
        assert installed.details["mode"] == "transport"
        assert "[ AUTH CPRP(ADDR6) N(USE_TRANSP) SA TSi TSr N(MOBIKE_SUP) ]" in done.stdout
        # Both ends agree; strongSwan's ESP in user space can then make nothing but tunnels.
        assert "IPsec SA: unsupported mode" in done.stdout
