"""eapol_test with every kind of identity, known and unknown, and fifty fast re-authentications in a row."""

import re
import secrets
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from aaa.eap.policy import AkaPolicy
from aaa.eap.temporary import Resumable
from aaa.identities.epochs import Keyring
from aaa.identities.sealed import Limits, SealedIdentities
from aaa.identities.spent import UsedCounters
from tests.aaa.identities.test_privacy import KEY, VECTORS
from tests.aaa.memory_hss import IMSI, OPC, PLMN, REALM, K, MemoryHss, usim
from tests.interop.test_aka_policies import SECRET, serving
from tests.interop.wpa_ctrl import EapolTest, Reply, Report, run_eapol_test
from ue_sim.usim import Usim
from wire.aka.gsm import kc, sres
from wire.aka.milenage import Milenage
from wire.identity import EapMethod, Identity, Imsi, permanent_nai
from wire.secret import Secret

pytestmark = pytest.mark.interop

METHODS = {"AKA": EapMethod.AKA, "AKA'": EapMethod.AKA_PRIME, "SIM": EapMethod.SIM}
EACH_METHOD = pytest.mark.parametrize("method", ["AKA", "AKA'"])
EACH_FORMAT = pytest.mark.parametrize("of_3gpp", [False, True], ids=["sealed", "3gpp"])
PERMANENT, PSEUDONYM, ONCE, ENCRYPTED = "permanent", "pseudonym", "fast re-authentication", "encrypted permanent"
NO_ONCE = Limits(reauthentications=0)
AHEAD = 1000
"""What the card has accepted: the first vector is always out of step, so that every run is resynchronised once."""


def keyring() -> Keyring:
    return Keyring().rotated(Secret(secrets.token_bytes(32)), int(time.time()), 0)


@dataclass
class Server:
    """An AAA server whose keyring is changed by `after` once `logins` users are in."""

    folder: Path
    program: str
    limits: Limits = field(default_factory=Limits)
    policy: AkaPolicy = field(default_factory=AkaPolicy)
    after: Callable[[Keyring], Keyring] = lambda same: same
    logins: int = 1
    hss: MemoryHss = field(default_factory=MemoryHss)
    lines: list[EventDict] = field(default_factory=list)
    make: type[SealedIdentities] = SealedIdentities

    def __post_init__(self) -> None:
        self._first = keyring()
        self._changed: Keyring | None = None

    def keyring(self) -> Keyring:
        if len(self.hss.assignments) < self.logins:
            return self._first
        if self._changed is None:
            self._changed = self.after(self._first)
        return self._changed

    async def run(self, method: str, times: int, card: Usim | Reply | None = None, **options: object) -> Report:
        """`times` logins in a row."""
        identities = self.make(
            keyring=self.keyring, clock=time.time, random=secrets.token_bytes, limits=self.limits, privacy_keys=[KEY]
        )
        test = EapolTest(
            self.program, permanent_nai(IMSI, PLMN, METHODS[method]), SECRET, method, reauthentications=times - 1
        )
        with capture_logs() as lines:
            async with serving(self.folder, self.hss, self.policy, identities) as address:
                card = usim(seq=AHEAD) if card is None else card
                report = await run_eapol_test(replace(test, **options), *address, card)  # type: ignore[arg-type]
        self.lines = list(lines)
        return report

    @property
    def identities(self) -> list[str]:
        """By which kind of identity each user came in."""
        return [line["identity"] for line in self.lines if line["event"] == "authentication accepted"]


@pytest.fixture(name="server")
def _server(tmp_path: Path, foreign_peer: Callable[[str], str]) -> Server:
    return Server(tmp_path, foreign_peer("eapol_test"))


def agreed(report: Report, times: int) -> None:
    """Both sides had one key in each of `times` logins, and never the same one twice."""
    assert report.succeeded, report.output[-3000:]
    assert (report.keys_agreed, len(set(report.msks))) == (times, times)


@EACH_METHOD
async def test_client_reauthenticates_fifty_times_in_a_row(server: Server, method: str) -> None:
    agreed(await server.run(method, 51, timeout=60.0), 51)
    assert server.identities == [PERMANENT] + [ONCE] * 50
    assert len(server.hss.vector_requests) == 2


@EACH_METHOD
async def test_client_reauthenticates_with_protected_success(server: Server, method: str) -> None:
    server.policy = AkaPolicy(result_ind=True)
    report = await server.run(method, 4, result_ind=True)
    agreed(report, 4)
    assert server.identities == [PERMANENT, ONCE, ONCE, ONCE]
    assert "AT_COUNTER" in report.output


@EACH_METHOD
async def test_client_reauthenticates_after_identity_rounds(server: Server, method: str) -> None:
    server.policy = AkaPolicy(always_ask_identity=True, result_ind=True)
    agreed(await server.run(method, 3, result_ind=True), 3)
    assert server.identities == [PERMANENT, ONCE, ONCE]


@EACH_METHOD
async def test_client_is_challenged_after_as_many_reauthentications_as_may_be(server: Server, method: str) -> None:
    server.limits = Limits(reauthentications=2)
    agreed(await server.run(method, 7), 7)
    assert server.identities == [PERMANENT, ONCE, ONCE, PSEUDONYM, ONCE, ONCE, PSEUDONYM]


@EACH_METHOD
@EACH_FORMAT
async def test_client_comes_back_by_its_pseudonym(server: Server, method: str, of_3gpp: bool) -> None:
    server.limits = replace(NO_ONCE, pseudonyms_of_3gpp=of_3gpp)
    agreed(await server.run(method, 4), 4)
    assert server.identities == [PERMANENT, PSEUDONYM, PSEUDONYM, PSEUDONYM]


@EACH_METHOD
@EACH_FORMAT
async def test_client_with_an_unknown_pseudonym_shows_who_it_is(server: Server, method: str, of_3gpp: bool) -> None:
    server.limits = replace(NO_ONCE, pseudonyms_of_3gpp=of_3gpp)
    server.after = lambda _: keyring()
    agreed(await server.run(method, 3), 3)
    assert server.identities == [PERMANENT, PERMANENT, PSEUDONYM]


@EACH_METHOD
async def test_client_with_nothing_but_unknown_identities_is_asked_three_times(server: Server, method: str) -> None:
    server.after = lambda _: keyring()
    report = await server.run(method, 3)
    agreed(report, 3)
    assert server.identities == [PERMANENT, PERMANENT, ONCE]
    for kind in ("ANY_ID_REQ", "FULLAUTH_ID_REQ", "PERMANENT_ID_REQ"):
        assert f"AT_{kind}" in report.output


@EACH_METHOD
async def test_client_outlives_the_rotation_of_keys(server: Server, method: str) -> None:
    server.after = lambda before: before.rotated(Secret(secrets.token_bytes(32)), int(time.time()), 0)
    agreed(await server.run(method, 4), 4)
    assert server.identities == [PERMANENT, ONCE, ONCE, ONCE]


@EACH_METHOD
async def test_revoked_client_shows_who_it_is_and_is_in_again(server: Server, method: str) -> None:
    server.after = lambda before: before.revoking(IMSI, int(time.time()))
    agreed(await server.run(method, 2), 2)
    assert server.identities == [PERMANENT, PERMANENT]


class Forgetful(SealedIdentities):
    """Gives out the same counter again and again."""

    def next_reauthentication(self, following: Resumable, network_name: str | None) -> bytes | None:
        return super().next_reauthentication(replace(following, counter=1), network_name)

    def resume(self, identity: Identity, network_name: str | None) -> Resumable | Imsi | None:
        self._used = UsedCounters()
        return super().resume(identity, network_name)


@EACH_METHOD
async def test_client_that_has_seen_the_counter_is_challenged(server: Server, method: str) -> None:
    server.make = Forgetful
    report = await server.run(method, 3)
    agreed(report, 3)
    assert len(server.hss.vector_requests) == 3
    assert "(encr) AT_COUNTER" in report.output


class Elsewhere(SealedIdentities):
    """Is in another access network whenever a user comes back."""

    def resume(self, identity: Identity, network_name: str | None) -> Resumable | Imsi | None:
        return super().resume(identity, network_name and "WIMAX")


@EACH_METHOD
async def test_client_in_another_access_network_is_challenged_within_aka_prime(server: Server, method: str) -> None:
    server.make = Elsewhere
    agreed(await server.run(method, 2), 2)
    assert len(server.hss.vector_requests) == (2 if method == "AKA" else 3)


@EACH_METHOD
async def test_client_with_another_key_is_refused_and_keeps_nothing(server: Server, method: str) -> None:
    report = await server.run(method, 1, usim(k=Secret(bytes(16))), timeout=10.0)
    assert not report.succeeded
    assert report.msks == ()


@EACH_METHOD
async def test_amf_separation_bit_is_asked_of_aka_prime_alone(server: Server, method: str) -> None:
    server.hss.amf_mask = 0x7FFF
    report = await server.run(method, 1, timeout=10.0)
    assert report.succeeded is (method == "AKA")
    refusals = [line["cause"] for line in server.lines if line["event"] == "authentication rejected"]
    assert refusals == ([] if method == "AKA" else ["the UE rejects the network's AUTN"])


def encrypted_by_openssl(openssl: str, folder: Path, identity: bytes) -> bytes:
    """RSA-OAEP with SHA-256 under the certificate of the vectors."""
    (folder / "privacy.pem").write_text(VECTORS["certificate"])
    options = ("-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256")
    words = (openssl, "pkeyutl", "-encrypt", "-certin", "-inkey", str(folder / "privacy.pem"), *options)
    return subprocess.run(words, input=identity, capture_output=True, check=True).stdout


@EACH_METHOD
async def test_client_hides_its_imsi_under_the_operators_key(
    server: Server, tmp_path: Path, foreign_peer: Callable[[str], str], method: str
) -> None:
    permanent = permanent_nai(IMSI, PLMN, METHODS[method])
    ciphertext = encrypted_by_openssl(foreign_peer("openssl"), tmp_path, permanent.encode())
    server.limits = replace(NO_ONCE, pseudonyms=False)
    report = await server.run(
        method, 2, anonymous=f"anonymous@{REALM}", encrypted=b"\0" + b64encode(ciphertext) + b",name=value"
    )
    agreed(report, 2)
    assert server.identities == [ENCRYPTED, ENCRYPTED]
    assert not any(str(IMSI) in line for line in report.output.splitlines() if "Attribute 1 (User-Name)" in line)


def gsm_card(line: str) -> str | None:
    """The subscriber's USIM in a GSM context (TS 33.102 §6.8.1.2)."""
    found = re.search(r"CTRL-REQ-SIM-(\d+):GSM-AUTH:([0-9a-f:]+)", line)
    if found is None:
        return None
    functions = Milenage(K, OPC)
    answers = []
    for rand in found[2].split(":"):
        res, ck, ik, _ = functions.f2345(bytes.fromhex(rand))
        answers.append(f"{kc(ck, ik).hex()}:{sres(res).hex()}")
    return f"CTRL-RSP-SIM-{found[1]}:GSM-AUTH:{':'.join(answers)}"


@pytest.mark.parametrize("wants_result", [False, True])
@pytest.mark.parametrize("always_ask", [False, True])
async def test_client_with_eap_sim_has_the_same_identities(
    server: Server, wants_result: bool, always_ask: bool
) -> None:
    server.policy = AkaPolicy(allowed=(EapMethod.SIM,), result_ind=wants_result, always_ask_identity=always_ask)
    server.limits = Limits(reauthentications=2)
    agreed(await server.run("SIM", 6, gsm_card, result_ind=wants_result), 6)
    assert server.identities == [PERMANENT, ONCE, ONCE, PSEUDONYM, ONCE, ONCE]
    assert [request.count for request in server.hss.vector_requests] == [3, 3]


async def test_client_with_eap_sim_and_unknown_identities_shows_who_it_is(server: Server) -> None:
    server.policy = AkaPolicy(allowed=(EapMethod.SIM,))
    server.after = lambda _: keyring()
    agreed(await server.run("SIM", 3, gsm_card), 3)
    assert server.identities == [PERMANENT, PERMANENT, ONCE]


async def test_client_with_eap_sim_that_has_seen_the_counter_is_challenged(server: Server) -> None:
    server.policy = AkaPolicy(allowed=(EapMethod.SIM,))
    server.make = Forgetful
    agreed(await server.run("SIM", 3, gsm_card), 3)
    assert len(server.hss.vector_requests) == 2
