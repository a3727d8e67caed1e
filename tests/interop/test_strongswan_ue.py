"""strongSwan as the UE: it attaches to our PDN GW by EAP-AKA in the ways that are common in the field."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.interop.strongswan_ue import Attachment, aka_card, attachment
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
