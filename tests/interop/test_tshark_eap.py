"""tshark reads every way through EAP-AKA, EAP-AKA' and EAP-SIM over RADIUS, as eapol_test and our server speak them."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from aaa.eap.policy import AkaPolicy
from aaa.identities.sealed import Limits, SealedIdentities
from runtime.capture import Capture
from tests.aaa.identities.keyrings import Node
from tests.aaa.memory_hss import IMSI, PLMN, REALM, MemoryHss, usim
from tests.interop.recorder import recording
from tests.interop.test_aka_policies import SECRET, serving
from tests.interop.test_eapol_identities import METHODS, gsm_card
from tests.interop.wpa_ctrl import EapolTest, run_eapol_test
from ue_sim.usim import Answer, Outcome, Usim
from wire.identity import EapMethod, Imsi, permanent_nai
from wire.secret import Secret

pytestmark = [pytest.mark.interop, pytest.mark.timeout(120)]


@dataclass(frozen=True)
class Way:
    """What the client does, and what tshark has to have read then."""

    read: tuple[str, ...]
    times: int = 1
    limits: Limits = field(default_factory=Limits)
    seq: int = 0
    k: Secret | None = None
    wrong_res: bool = False
    imsi: Imsi = IMSI
    shown: str = ""


WAYS = {
    "full": Way(("AT_ANY_ID_REQ", "AT_RAND", "AT_CHECKCODE", "AT_RES", "AT_RESULT_IND", "AT_ENCR_DATA")),
    "re-authentication": Way(("AT_IV", "AT_ENCR_DATA", "AT_NOTIFICATION"), times=3),
    "pseudonym": Way(("AT_IDENTITY",), times=2, limits=Limits(reauthentications=0)),
    "resynchronisation": Way(("AT_AUTS",), seq=100_000),
    "wrong K": Way(("AKA-Authentication-Reject",), k=Secret(bytes(16))),
    "wrong RES": Way(("AT_NOTIFICATION",), wrong_res=True),
    "unknown subscriber": Way(("AT_NOTIFICATION",), imsi=Imsi("001010000000099")),
    "unknown identity": Way(("AT_FULLAUTH_ID_REQ", "AT_PERMANENT_ID_REQ"), shown="nobodyknowsthis"),
}
LETTERS = {"AKA": "4", "AKA'": "8", "SIM": "5"}


@dataclass
class Liar:
    """A card that answers with another RES."""

    card: Usim

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        outcome = self.card.authenticate(rand, autn)
        return replace(outcome, res=Secret(bytes(8))) if isinstance(outcome, Answer) else outcome


async def packets(way: Way, method: str, folder: Path, program: str) -> list[bytes]:
    """All of RADIUS between eapol_test and our server."""
    kind = METHODS[method]
    identities: SealedIdentities = Node(limits=way.limits).identities
    card = usim(seq=way.seq) if way.k is None else usim(k=way.k)
    test = EapolTest(
        program, permanent_nai(way.imsi, PLMN, kind), SECRET, method, result_ind=True,
        reauthentications=way.times - 1, timeout=20.0,
        anonymous=f"{LETTERS[method]}{way.shown}@{REALM}" if way.shown else "",
    )  # fmt: skip
    policy = AkaPolicy(allowed=(kind,), always_ask_identity=True, result_ind=True)
    async with serving(folder, MemoryHss(), policy, identities) as server, recording(server) as recorder:
        answering = gsm_card if kind is EapMethod.SIM else Liar(card) if way.wrong_res else card
        await run_eapol_test(test, *recorder.address, answering)
        return recorder.packets


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("method", ["AKA", "AKA'"])
async def test_tshark_reads_every_way(
    tmp_path: Path, foreign_peer: Callable[[str], str], name: str, method: str
) -> None:
    way = WAYS[name]
    said = await packets(way, method, tmp_path, foreign_peer("eapol_test"))
    text = read(foreign_peer("tshark"), said, tmp_path / "eap.pcapng")
    assert [word for word in way.read if word not in text] == []
    assert ("AT_KDF_INPUT" in text) == (method == "AKA'" and name != "unknown subscriber")


@pytest.mark.parametrize("name", ["full", "re-authentication"])
async def test_tshark_reads_eap_sim(tmp_path: Path, foreign_peer: Callable[[str], str], name: str) -> None:
    said = await packets(WAYS[name], "SIM", tmp_path, foreign_peer("eapol_test"))
    text = read(foreign_peer("tshark"), said, tmp_path / "eap.pcapng")
    assert [word for word in ("AT_VERSION_LIST", "AT_NONCE_MT", "AT_SELECTED_VERSION") if word not in text] == []


def read(tshark: str, said: list[bytes], file: Path) -> str:
    """All that tshark tells of these packets, which is no fault."""
    client, server = ("192.0.2.1", 40000), ("192.0.2.3", 1812)
    with file.open("wb") as octets:
        capture = Capture(octets, "radius", lambda: 0)
        for packet in said:
            ends = (client, server) if packet[0] == 1 else (server, client)
            capture.udp(source=ends[0], destination=ends[1], payload=packet)
    command = [
        tshark, "-n", "-r", str(file),
        "-o", f"radius.shared_secret:{SECRET}", "-o", "radius.validate_authenticator:TRUE",
    ]  # fmt: skip

    def tell(*words: str) -> str:
        return subprocess.run([*command, *words], capture_output=True, text=True, check=True, timeout=60).stdout

    assert tell("-Y", "_ws.malformed || _ws.expert.severity >= warning || radius.authenticator.invalid == 1") == ""
    answers = tell("-Y", "radius.code != 1", "-T", "fields", "-e", "radius.authenticator.valid").split()
    assert answers == ["1"] * (len(said) // 2)
    return tell("-V")
