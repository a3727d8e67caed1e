"""Fault scripts: what they may say, and what becomes of datagrams and challenges."""

from pathlib import Path

import pytest

from runtime.config import ConfigError
from tests.ue_sim.test_usim import OPC, RAND, K, sqn_in
from ue_sim.faults import FaultScript, FaultyUsim, MessageFault, MessageFaults, Way, read_script
from ue_sim.ue_events import Channel
from ue_sim.usim import Answer, Forged, Outcome, SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.sqn import conceal, join_sqn
from wire.aka.vector import Autn

SQN = join_sqn(7, 0)


def passed(fault: MessageFault, way: Way = "out") -> list[tuple[float, bytes]]:
    """What passes when three datagrams are sent."""
    faults = MessageFaults(FaultScript(messages=(fault,)))
    return [piece for octets in (b"one", b"two", b"six") for piece in faults.passing(Channel.IKE, way, octets)]


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("drop", [(0.0, b"one"), (0.0, b"six")]),
        ("duplicate", [(0.0, b"one"), (0.0, b"two"), (0.0, b"two"), (0.0, b"six")]),
        ("delay", [(0.0, b"one"), (2.5, b"two"), (0.0, b"six")]),
        ("reorder", [(0.0, b"one"), (0.0, b"six"), (0.0, b"two")]),
        ("alter", [(0.0, b"one"), (0.0, b"tw\x90"), (0.0, b"six")]),
    ],
)
def test_chosen_datagram_meets_its_fate(do: str, expected: list[tuple[float, bytes]]) -> None:
    fault = MessageFault.model_validate({"channel": "ike", "number": 2, "do": do, "seconds": 2.5})
    assert passed(fault) == expected


@pytest.mark.parametrize("change", [{"channel": "dns"}, {"way": "in"}, {"number": 4}])
def test_other_datagrams_pass(change: dict[str, object]) -> None:
    fault = MessageFault.model_validate({"channel": "ike", "number": 2, "do": "drop"} | change)
    assert passed(fault) == [(0.0, b"one"), (0.0, b"two"), (0.0, b"six")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory; name a file of JSON"),
        ("no", "Invalid JSON"),
        ('{"message": []}', "message: Extra inputs"),
        ('{"res_octets": 3}', "res_octets: Input should be greater"),
        ('{"res_octets": 17}', "res_octets: Input should be less"),
        ('{"messages": [{"channel": "tcp", "number": 1, "do": "drop"}]}', "messages.0.channel"),
        ('{"messages": [{"channel": "ike", "number": 0, "do": "drop"}]}', "messages.0.number"),
    ],
)
def test_script_that_cannot_be_is_said_in_one_line(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "faults.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_script(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_script_is_read(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('{"messages": [{"channel": "mip", "number": 1, "do": "drop"}], "auts": 1}')
    assert read_script(path) == FaultScript(messages=(MessageFault(channel="mip", number=1, do="drop"),), auts=1)


def challenged(script: FaultScript, times: int = 1) -> list[Outcome]:
    """What a USIM of that script says to the same good challenge."""
    amf = b"\x80\x00"
    mac_a, _, _, _, ak = Milenage(K, OPC).vector(RAND, SQN.to_bytes(6, "big"), amf)
    autn = Autn(conceal(SQN, ak), amf, mac_a).build()
    return [FaultyUsim(SoftwareUsim(K, OPC), script).authenticate(RAND, autn) for _ in range(times)]


def test_usim_without_faults_answers() -> None:
    (answer,) = challenged(FaultScript())
    assert isinstance(answer, Answer)


def test_auts_is_genuine_though_nothing_was_wrong() -> None:
    (outcome,) = challenged(FaultScript(auts=1))
    assert sqn_in(outcome) == SQN


@pytest.mark.parametrize("octets", [4, 8, 11, 16])
def test_res_has_the_length_that_is_wanted(octets: int) -> None:
    (good,), (answer,) = challenged(FaultScript()), challenged(FaultScript(res_octets=octets))
    assert isinstance(good, Answer)
    assert isinstance(answer, Answer)
    assert len(answer.res) == octets
    assert (answer.res[:4], answer.ck, answer.ik) == (good.res[:4], good.ck, good.ik)


def test_every_autn_may_be_taken_for_a_forgery() -> None:
    assert challenged(FaultScript(reject=True)) == [Forged()]
