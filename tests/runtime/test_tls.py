"""TLS contexts, by handshakes in memory: no socket is needed to see who is refused."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from akadia import pki
from runtime.config import ConfigError
from runtime.tls import client_context, server_context


class Authority:
    """A certification authority that writes PEM files into its folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._authority = pki.Authority(name, now=dt.datetime.now(dt.UTC))
        self.certificate, _ = self._written("ca", self._authority.credential)

    def issue(self, host: str) -> tuple[Path, Path]:
        return self._written(host, self._authority.issue(names=(host,)))

    def _written(self, name: str, credential: pki.Credential) -> tuple[Path, Path]:
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(credential.certificate)
        key.write_bytes(credential.key)
        return certificate, key


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Both ends after a handshake through memory; the SSLError of whoever refuses."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(down, up, server_hostname=name),
        server.wrap_bio(up, down, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "our authority")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("theirs"), "another authority")


def server(authority: Authority, *, demand: bool = False) -> ssl.SSLContext:
    certificate, key = authority.issue("aaa.example")
    return server_context(certificate=certificate, key=key, ca=authority.certificate, demand=demand)


def test_client_without_certificate_is_served(ours: Authority) -> None:
    _, accepted = handshake(client_context(ca=ours.certificate), server(ours), "aaa.example")
    assert accepted.version() in {"TLSv1.2", "TLSv1.3"}
    assert not accepted.getpeercert()


def test_client_with_certificate_is_known_by_it(ours: Authority) -> None:
    certificate, key = ours.issue("pgw.example")
    context = client_context(ca=ours.certificate, certificate=certificate, key=key)
    _, accepted = handshake(context, server(ours), "aaa.example")
    presented = accepted.getpeercert()
    assert presented
    assert ("DNS", "pgw.example") in presented["subjectAltName"]


def test_client_refuses_a_server_of_another_authority(ours: Authority, theirs: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(client_context(ca=ours.certificate), server(theirs), "aaa.example")


def test_client_refuses_a_server_of_another_name(ours: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(client_context(ca=ours.certificate), server(ours), "hss.example")


def test_server_refuses_a_client_of_another_authority(ours: Authority, theirs: Authority) -> None:
    certificate, key = theirs.issue("pgw.example")
    context = client_context(ca=ours.certificate, certificate=certificate, key=key)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, server(ours), "aaa.example")


def test_server_that_demands_refuses_a_client_without_certificate(ours: Authority) -> None:
    with pytest.raises(ssl.SSLError, match="did not return a certificate"):
        handshake(client_context(ca=ours.certificate), server(ours, demand=True), "aaa.example")


def test_server_refuses_old_versions(ours: Authority) -> None:
    old = client_context(ca=ours.certificate)
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        handshake(old, server(ours), "aaa.example")


def test_missing_file_is_named(ours: Authority, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.pem cannot be read: No such file"):
        client_context(ca=tmp_path / "none.pem")
    with pytest.raises(ConfigError, match=r"none\.key cannot be read"):
        server_context(certificate=ours.certificate, key=tmp_path / "none.key")


def test_file_that_is_no_certificate_is_named(ours: Authority, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    with pytest.raises(ConfigError, match=r"wrong\.pem holds no certificate"):
        client_context(ca=wrong)
    with pytest.raises(ConfigError, match=r"wrong\.pem and .* are not a certificate and its unencrypted key"):
        server_context(certificate=wrong, key=wrong)


def test_encrypted_key_is_refused_without_asking_at_the_terminal(ours: Authority, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "locked.key"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
    )
    with pytest.raises(ConfigError, match="unencrypted key: the key is encrypted"):
        server_context(certificate=ours.certificate, key=path)


def test_half_a_pair_is_refused(ours: Authority) -> None:
    certificate, key = ours.issue("pgw.example")
    with pytest.raises(ConfigError, match="write both or neither"):
        client_context(ca=ours.certificate, certificate=certificate)
    with pytest.raises(ConfigError, match="no ca is named"):
        server_context(certificate=certificate, key=key, demand=True)


def test_key_that_everybody_can_read_is_said(ours: Authority) -> None:
    certificate, key = ours.issue("open.example")
    for mode, lines in ((0o600, 0), (0o640, 0), (0o644, 1)):
        key.chmod(mode)
        with capture_logs() as said:
            server_context(certificate=certificate, key=key)
        assert [line["event"] for line in said] == ["private key open"] * lines
