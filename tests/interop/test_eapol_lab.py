"""Debian's eapol_test against a whole laboratory of `akadia init` and `akadia up`, with both ways to the HSS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from runtime.log_imsi import ImsiText
from tests.interop.wpa_ctrl import EapolTest, Report, run_eapol_test
from tests.lab import Lab, LogLine, running_lab
from tests.leaks import challenges, derived_secrets, leaks_in
from ue_sim.usim import Answer, Outcome, SoftwareUsim, Usim
from wire.aka.prime import derive_prime
from wire.eap.aka_keys import derive_keys
from wire.identity import EapMethod, Imsi, permanent_nai
from wire.secret import Secret

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

METHODS = {"AKA": EapMethod.AKA, "AKA'": EapMethod.AKA_PRIME}
NETWORK_NAME = "WLAN"
STRANGER = Imsi("001010000000099")
FAR_AHEAD = 100_000


@pytest.fixture(scope="module", params=["local", "swx"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One laboratory for each way to the HSS; it logs all that it can."""
    folder = tmp_path_factory.mktemp(request.param)
    with running_lab(folder, hss=request.param, capture=True, log_level="debug") as running:
        yield running


@dataclass
class WatchedUsim:
    """A card that remembers what it was asked and what it said."""

    card: Usim
    asked: list[tuple[bytes, bytes, Outcome]] = field(default_factory=list)

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        outcome = self.card.authenticate(rand, autn)
        self.asked.append((rand, autn, outcome))
        return outcome

    def msk(self, method: EapMethod, identity: str) -> Secret:
        """The MSK that follows from its last answer (RFC 4187 §7, RFC 9048 §3.3)."""
        _, autn, outcome = self.asked[-1]
        assert isinstance(outcome, Answer)
        ck, ik = outcome.ck, outcome.ik
        if method is EapMethod.AKA_PRIME:
            ck, ik = derive_prime(ck, ik, NETWORK_NAME.encode(), autn[:6])
        return derive_keys(method, identity.encode(), ck, ik).msk


@dataclass
class Client:
    """eapol_test beside a laboratory."""

    lab: Lab
    program: str

    def card(self, *, k: Secret | None = None, seq: int = 0) -> WatchedUsim:
        """The test subscriber's card, or one with another K, that has accepted `seq` in every IND."""
        own, opc = self.lab.keys
        return WatchedUsim(SoftwareUsim(k or own, opc, (seq,) * 32))

    def identity(self, name: str, imsi: Imsi | None = None) -> str:
        """The root NAI for the method of that name."""
        return permanent_nai(imsi or self.lab.imsi, self.lab.laboratory.plan.plmn, METHODS[name])

    async def run(
        self,
        name: str,
        usim: Usim,
        *,
        imsi: Imsi | None = None,
        secret: str | None = None,
        limit: float = 20.0,
        again: int = 0,
    ) -> Report:
        """One run; what the daemons logged before is behind us then."""
        for daemon in ("aaa", "hss"):
            self.lab.new_lines(daemon)
        test = EapolTest(
            self.program,
            self.identity(name, imsi),
            secret or self.lab.radius_secret,
            method=name,
            timeout=limit,
            reauthentications=again,
        )
        return await run_eapol_test(test, *self.lab.radius, usim)

    def failure(self) -> LogLine:
        """The one line of the AAA server that an operator is to look at.

        Beside it the HSS in the same process may say that a NAS has not let a user go: eapol_test takes no Disconnect.
        """
        told = "notice not delivered"
        lines = [line for line in self.lab.new_lines("aaa") if line.is_failure and line.event != told]
        assert len(lines) == 1, lines
        return lines[0]


@pytest.fixture
def client(lab: Lab, foreign_peer: Callable[[str], str]) -> Client:
    return Client(lab, foreign_peer("eapol_test"))


@pytest.mark.parametrize("name", METHODS)
async def test_client_authenticates_and_has_the_keys_of_our_card(client: Client, name: str) -> None:
    usim = client.card()
    report = await client.run(name, usim)
    assert report.succeeded, report.output[-3000:]
    assert report.keys_agreed == 1
    assert report.msks == (bytes(usim.msk(METHODS[name], client.identity(name))),)
    accepted = [line for line in client.lab.new_lines("aaa") if line.event == "authentication accepted"]
    assert [line.details["method"] for line in accepted] == [METHODS[name].name]


@pytest.mark.parametrize("name", METHODS)
async def test_client_whose_card_is_ahead_is_resynchronised(client: Client, name: str) -> None:
    seqs = await highest_seq(client)
    usim = client.card(seq=seqs + FAR_AHEAD)
    report = await client.run(name, usim)
    assert report.succeeded, report.output[-3000:]
    assert [type(outcome).__name__ for _, _, outcome in usim.asked] == ["OutOfSync", "Answer"]
    assert not any(line.is_failure for line in client.lab.new_lines("aaa"))
    # the HSS goes on from there: the same card is in step now
    again = await client.run(name, usim)
    assert again.succeeded
    assert len(usim.asked) == 3


async def highest_seq(client: Client) -> int:
    """Where the HSS is now, as a new card learns it."""
    usim = client.card()
    assert (await client.run("AKA", usim)).succeeded
    assert isinstance(usim.card, SoftwareUsim)
    return max(usim.card.state)


@pytest.mark.parametrize("name", METHODS)
async def test_client_with_a_wrong_key_is_rejected_with_one_line(client: Client, name: str) -> None:
    report = await client.run(name, client.card(k=Secret(bytes(16))))
    assert not report.succeeded
    assert "FAILURE" in report.output
    assert report.msks == ()
    line = client.failure()
    assert line.details["cause"] == "the UE rejects the network's AUTN"
    assert line.details["imsi"] == ImsiText().of(str(client.lab.imsi))


@pytest.mark.parametrize("name", METHODS)
async def test_unknown_subscriber_is_rejected_with_one_line(client: Client, name: str) -> None:
    usim = client.card()
    report = await client.run(name, usim, imsi=STRANGER)
    assert not report.succeeded
    assert usim.asked == []
    line = client.failure()
    assert (line.details["cause"], line.details["imsi"]) == ("user unknown", ImsiText().of(str(STRANGER)))


async def test_barred_subscriber_is_rejected_until_it_is_enabled(client: Client) -> None:
    lab = client.lab
    assert lab.akadia("subscriber", "disable", str(lab.imsi)).returncode == 0
    try:
        usim = client.card()
        report = await client.run("AKA", usim)
        assert not report.succeeded
        assert usim.asked == []
        assert client.failure().details["cause"] == "subscriber barred"
    finally:
        assert lab.akadia("subscriber", "enable", str(lab.imsi)).returncode == 0
    assert (await client.run("AKA", client.card())).succeeded


async def test_client_with_a_wrong_secret_gets_no_answer_and_one_line(client: Client) -> None:
    usim = client.card()
    report = await client.run("AKA", usim, secret="not the secret", limit=2.0)
    assert not report.succeeded
    assert "Received RADIUS message" not in report.output
    assert usim.asked == []
    line = client.failure()
    assert line.event == "datagram discarded"
    assert line.details["cause"] == "Message-Authenticator is wrong; does the client have another secret?"


async def test_subscriber_added_with_op_authenticates_and_op_is_not_kept(client: Client) -> None:
    lab = client.lab
    # TS 35.208 test set 2
    k, op = "0396eb317b6d1c36f19c1c84cd6ffd16", "ff53bade17df5d4e793073ce9d7579fa"
    opc = Secret.fromhex("53c15671c60a4b731c55b4a441c0bde2")
    imsi = Imsi("001010000000077")
    added = lab.akadia("subscriber", "add", str(imsi), "--keys", "-", text=f"k={k}\nop={op}\namf=8000\n")
    assert added.returncode == 0, added.stderr
    usim = WatchedUsim(SoftwareUsim(Secret.fromhex(k), opc))
    report = await client.run("AKA", usim, imsi=imsi)
    assert report.succeeded, report.output[-3000:]
    secrets = {"K": bytes.fromhex(k), "OP": bytes.fromhex(op), "OPc": bytes(opc)}
    assert leaks_in(lab.folder, secrets) == []
    assert not any(value in added.stdout + added.stderr for value in (k, op, opc.hex()))


def identities_of(lab: Lab) -> list[str]:
    """By which kind of identity each user came in since the last look."""
    return [line.details["identity"] for line in lab.new_lines("aaa") if line.event == "authentication accepted"]


@pytest.mark.parametrize("name", METHODS)
async def test_client_comes_back_by_fast_reauthentication_while_keys_are_rotated(client: Client, name: str) -> None:
    lab = client.lab
    report = await client.run(name, client.card(), again=50, limit=60.0)
    assert report.succeeded, report.output[-3000:]
    assert (report.keys_agreed, len(set(report.msks))) == (51, 51)
    assert identities_of(lab) == ["permanent"] + ["fast re-authentication"] * 50
    for words in (("rotate", "--delay", "0"), ("revoke", str(STRANGER)), ("status",)):
        done = lab.akadia("aaa", "identity-keys", *words)
        assert done.returncode == 0, done.stderr
    assert "seals and opens" in done.stdout
    assert (await client.run(name, client.card(), again=2)).succeeded
    keys = [line.split('"')[1] for line in (lab.folder / "identity.keys").read_text().splitlines() if "key =" in line]
    assert len(keys) >= 2
    assert not any(key in done.stdout or leaks_in(lab.output, {"key": bytes.fromhex(key)}) for key in keys)
    lines = lab.new_lines("aaa")
    assert [line.details["identity"] for line in lines if line.event == "authentication accepted"] == [
        "permanent",
        "fast re-authentication",
        "fast re-authentication",
    ]
    assert any(line.event == "identity keys read again" for line in lines)


async def test_nothing_that_is_secret_is_in_database_or_logs(client: Client) -> None:
    lab = client.lab
    usim = client.card()
    for name in METHODS:
        assert (await client.run(name, usim)).succeeded
        assert not (await client.run(name, client.card(k=Secret(bytes(16))))).succeeded
    assert {(rand, autn) for rand, autn, _ in usim.asked} <= challenges(lab.folder)
    identities = [client.identity(name) for name in METHODS]
    secrets = derived_secrets(lab.folder, *lab.keys, identities=identities, network_name=NETWORK_NAME)
    assert leaks_in(lab.folder, secrets) == []
    assert leaks_in(lab.output, secrets) == []
    in_capture = leaks_in(lab.folder / "capture/aaa.pcapng", secrets)
    assert in_capture, "RES crosses the air interface"
    assert all(leak.startswith("XRES") for leak in in_capture)
