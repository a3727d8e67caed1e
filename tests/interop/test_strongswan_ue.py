"""strongSwan as the UE: it attaches to our PDN GW by EAP-AKA in the ways that are common in the field."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.interop.strongswan_ue import UE, Attachment, aka_card, attachment
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
        assert causes(site.gateway_lines()) == ["KE of group 20, not of MODP_2048"]
        refused = site.connect(proposals="aes256gcm16-prfsha384-ecp384")
        assert refused.returncode
        (cause,) = causes(site.gateway_lines())
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
        (cause,) = causes(site.gateway_lines())
        assert cause.startswith(f"{site.nai}: DEA 4001 AUTHENTICATION_REJECTED")
        attached(site)


def test_unknown_subscriber_is_told_so(attaching: Attach) -> None:
    with attaching() as site:
        removed = site.lab.akadia("subscriber", "remove", str(site.lab.imsi))
        assert removed.returncode == 0, removed.stderr
        done = site.connect()
        assert done.returncode
        assert "EAP/FAIL" in done.stdout
        (cause,) = causes(site.gateway_lines())
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
