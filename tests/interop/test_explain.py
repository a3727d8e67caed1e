"""`akadia explain` after eapol_test has failed: a wrong K, OP where OPc is due, an AMF without its separation bit."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aaa.eap.policy import AkaPolicy
from hss.failure_api import Certainty, Hypothesis
from tests.aaa.explaining.test_inquiry import Ledger, inquiry_of
from tests.aaa.memory_hss import IMSI, PLMN, MemoryHss, usim
from tests.interop.test_aka_policies import SECRET, serving
from tests.interop.wpa_ctrl import EapolTest, Report, run_eapol_test
from tests.lab import Lab, running_lab
from ue_sim.usim import Outcome, OutOfSync, SoftwareUsim, Usim
from wire.aka.milenage import Milenage, derive_opc
from wire.aka.sqn import conceal
from wire.aka.vector import Auts
from wire.identity import EapMethod, Imsi, permanent_nai
from wire.secret import Secret

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

METHODS = {"AKA": EapMethod.AKA, "AKA'": EapMethod.AKA_PRIME}
K, OP, OTHER_OP = (Secret(bytes([number]) * 16) for number in (0x51, 0x52, 0x53))
BY_OP, BY_OTHER_OP = Imsi("001010000000051"), Imsi("001010000000052")
"""Subscribers whose OP was given as OPc: an OP that the operator has told, and one that he has not."""


@pytest.fixture(scope="module", name="lab")
def _lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("explain")

    def edit(text: str) -> str:
        path = folder / "lab" / "op.secret"
        path.write_text(OP.hex(), encoding="ascii")
        path.chmod(0o600)
        text = text.replace("\nworkers = 1 ", "\nworkers = 2 ")
        return text.replace("\noperator_keys = []", '\noperator_keys = ["op.secret"]')

    with running_lab(folder, log_level="debug", edit=edit) as running:
        for imsi, op in ((BY_OP, OP), (BY_OTHER_OP, OTHER_OP)):
            text = f"k={K.hex()}\nopc={op.hex()}\namf=8000\n"
            added = running.akadia("subscriber", "add", str(imsi), "--keys", "-", text=text)
            assert added.returncode == 0, added.stderr
        yield running


@dataclass
class HastyUsim:
    """A card that looks at SQN before MAC-A, as hostap's simulated one does, and finds it too low."""

    functions: Milenage

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:  # noqa: ARG002
        """Always out of step."""
        highest = (1 << 48) - 1
        mac_s = self.functions.f1star(rand, highest.to_bytes(6, "big"), b"\0\0")
        return OutOfSync(Auts(conceal(highest, self.functions.f5star(rand)), mac_s).build())


async def run(lab: Lab, program: str, name: str, card: Usim, imsi: Imsi) -> Report:
    identity = permanent_nai(imsi, lab.laboratory.plan.plmn, METHODS[name])
    test = EapolTest(program, identity, lab.radius_secret, name, timeout=15.0)
    report = await run_eapol_test(test, *lab.radius, card)
    assert not report.succeeded
    return report


def explained(lab: Lab, wanted: str) -> dict[str, Any]:
    """What `akadia explain` says of it, which shows no key in either form."""
    told, plain = lab.akadia("explain", wanted, "--json"), lab.akadia("explain", wanted)
    assert (told.returncode, plain.returncode) == (0, 0), told.stderr
    log = (lab.folder / "logs" / "aaa.log").read_text(encoding="utf-8")
    for secret in (K, OP, OTHER_OP, derive_opc(K, OP), *lab.keys):
        assert secret.hex() not in (told.stdout + plain.stdout + log).lower()
    (one,) = json.loads(told.stdout)
    assert one["verdict"]["cause"] in plain.stdout
    return dict(one)


def verdict(one: dict[str, Any]) -> tuple[str, str]:
    return one["verdict"]["hypothesis"], one["verdict"]["certainty"]


@pytest.mark.parametrize("name", METHODS)
async def test_wrong_k_is_told(lab: Lab, foreign_peer: Callable[[str], str], name: str) -> None:
    program, (_, opc) = foreign_peer("eapol_test"), lab.keys
    await run(lab, program, name, SoftwareUsim(Secret(bytes(16)), opc), lab.imsi)
    one = explained(lab, str(lab.imsi))
    assert verdict(one) == (Hypothesis.KEYS_DIFFER.value, "indicated")
    assert (one["method"], one["imsi"]) == (METHODS[name].name, str(lab.imsi))
    assert [line["message"].rpartition("-")[2] for line in one["dialogue"]][-2:] == ["Reject", "Failure"]
    await run(lab, program, name, HastyUsim(Milenage(Secret(bytes(16)), opc)), lab.imsi)
    again = explained(lab, str(lab.imsi))
    assert verdict(again) == (Hypothesis.KEYS_DIFFER.value, "indicated")
    assert any("AT_AUTS" in line["attributes"] for line in again["dialogue"])


@pytest.mark.parametrize("name", METHODS)
async def test_op_stored_as_opc_is_told_when_the_card_only_refuses(
    lab: Lab, foreign_peer: Callable[[str], str], name: str
) -> None:
    await run(lab, foreign_peer("eapol_test"), name, SoftwareUsim(K, derive_opc(K, OP)), BY_OP)
    one = explained(lab, str(BY_OP))
    assert verdict(one) == (Hypothesis.OP_FOR_OPC.value, "proven")
    assert "op= instead of opc=" in one["verdict"]["cause"]


@pytest.mark.parametrize("name", METHODS)
async def test_op_stored_as_opc_is_told_by_auts(lab: Lab, foreign_peer: Callable[[str], str], name: str) -> None:
    card = HastyUsim(Milenage(K, derive_opc(K, OTHER_OP)))
    await run(lab, foreign_peer("eapol_test"), name, card, BY_OTHER_OP)
    one = explained(lab, str(BY_OTHER_OP))
    assert verdict(one) == (Hypothesis.OP_FOR_OPC.value, "proven")
    assert "OP was stored as OPc" in one["verdict"]["cause"]
    assert any("AT_AUTS" in line["attributes"] for line in one["dialogue"])


async def test_log_line_names_the_record_and_says_the_same(lab: Lab, foreign_peer: Callable[[str], str]) -> None:
    lab.new_lines("aaa")
    await run(lab, foreign_peer("eapol_test"), "AKA", SoftwareUsim(K, derive_opc(K, OP)), BY_OP)
    newest = explained(lab, str(BY_OP))
    (line,) = [line for line in lab.new_lines("aaa") if line.event == "authentication rejected"]
    assert re.fullmatch(r"[0-9a-f]{8}", line.details["explain"])
    assert explained(lab, line.details["explain"]) == newest
    assert line.details["why"] == newest["verdict"]["cause"]


async def test_separation_bit_that_the_hss_forgot_is_told(tmp_path: Path, foreign_peer: Callable[[str], str]) -> None:
    hss, ledger = MemoryHss(), Ledger()
    hss.amf_mask = 0x7FFF
    looking = inquiry_of(None, ledger)
    test = EapolTest(
        foreign_peer("eapol_test"), permanent_nai(IMSI, PLMN, EapMethod.AKA_PRIME), SECRET, "AKA'", timeout=15.0
    )
    async with serving(tmp_path, hss, AkaPolicy(), failures=looking) as address:
        report = await run_eapol_test(test, *address, usim())
    await looking.close()
    assert not report.succeeded
    assert "AMF" in report.output
    (record,) = ledger.records
    assert record.verdict is not None
    found = record.verdict
    assert (found.hypothesis, found.certainty) == (Hypothesis.AMF_SEPARATION_BIT, Certainty.PROVEN)
