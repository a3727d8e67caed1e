"""Conversations that hostap's server and peer held, cut into exchanges for a replay against either machine.

A test of the peer feeds `exchange.requests` and expects `exchange.responses` octet by octet; a test of the server feeds
the responses, with its own entropy or with `round.vector()` from a stub of the HSS, and expects `exchange.succeeded`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wire.aka.vector import AuthVector
from wire.eap.aka import AkaMessage
from wire.identity import EapMethod, Imsi, Plmn, classify
from wire.secret import Secret

_FILE = Path(__file__).parent / "vectors" / "eap_captures.json"
_METHODS = {"EAP-AKA": EapMethod.AKA, "EAP-AKA'": EapMethod.AKA_PRIME}


@dataclass(frozen=True, slots=True)
class Packet:
    """One EAP packet as it went over RADIUS; `inner` is what was inside AT_ENCR_DATA of a challenge, if anything."""

    from_server: bool
    label: str
    octets: bytes
    inner: bytes = b""


@dataclass(frozen=True, slots=True)
class Round:
    """One challenge or re-authentication with every value that it used; absent ones are empty."""

    kind: str
    identity: bytes
    counter: int
    values: Mapping[str, bytes]

    def vector(self) -> AuthVector:
        """The vector as the HSS gives it: with CK' and IK' when the method is EAP-AKA'."""
        values = self.values
        ck, ik = values.get("ck_prime", values["ck"]), values.get("ik_prime", values["ik"])
        return AuthVector(values["rand"], values["autn"], Secret(values["xres"]), Secret(ck), Secret(ik))

    @property
    def sqn(self) -> int:
        """The SQN of the challenge."""
        return int.from_bytes(self.values["sqn"], "big")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One EAP conversation from EAP-Response/Identity to EAP-Success or EAP-Failure."""

    packets: tuple[Packet, ...]
    rounds: tuple[Round, ...]

    @property
    def succeeded(self) -> bool:
        """Whether it ended in EAP-Success."""
        return self.packets[-1].octets[0] == 3

    @property
    def requests(self) -> tuple[bytes, ...]:
        """What the server sent, the result included."""
        return tuple(packet.octets for packet in self.packets if packet.from_server)

    @property
    def responses(self) -> tuple[bytes, ...]:
        """What the peer sent, EAP-Response/Identity first."""
        return tuple(packet.octets for packet in self.packets if not packet.from_server)

    @property
    def is_reauthentication(self) -> bool:
        """Whether it is a fast re-authentication."""
        return any(one.kind == "reauth" for one in self.rounds)

    def offered(self, kind: int) -> bool:
        """Whether a request of the server carried the attribute `kind` in clear."""
        return any(kind in AkaMessage.parse(octets).attributes for octets in self.requests[:-1])

    @property
    def result_indicated(self) -> bool:
        """Whether both sides agreed on a protected success."""
        return self.succeeded and any("Notification" in packet.label for packet in self.packets)


@dataclass(frozen=True, slots=True)
class Run:
    """One captured run: a subscriber, the state of both sides, and the exchanges in order.

    `k` and `opc` are the subscriber's keys in the HSS; `ue_sqn` the highest SQN the USIM had accepted before.
    """

    name: str
    method: EapMethod
    k: Secret
    opc: Secret
    ue_sqn: int
    network_name: str
    exchanges: tuple[Exchange, ...]

    @property
    def imsi(self) -> Imsi:
        """The subscriber."""
        imsi = classify(self.exchanges[0].responses[0][5:]).imsi
        assert imsi is not None
        return imsi

    @property
    def plmn(self) -> Plmn:
        """The subscriber's home network."""
        return Plmn("234", "15")


@cache
def load_runs() -> tuple[Run, ...]:
    """Every captured run."""
    return tuple(_run(run) for run in json.loads(_FILE.read_text())["runs"])


def load_run(name: str) -> Run:
    """The captured run of that name."""
    return next(run for run in load_runs() if run.name == name)


def _run(run: dict[str, Any]) -> Run:
    return Run(
        name=run["name"],
        method=_METHODS[run["method"]],
        k=Secret.fromhex(run["k"]),
        opc=Secret.fromhex(run["opc"]),
        ue_sqn=int(run["ue_sqn_start"], 16),
        network_name=run.get("network_name", ""),
        exchanges=_exchanges([_packet(message) for message in run["messages"]], [_round(one) for one in run["rounds"]]),
    )


def _packet(message: dict[str, Any]) -> Packet:
    inner = bytes.fromhex(message.get("encr_data_plain", message.get("inner_hex", "")))
    return Packet(message["dir"] == "server->peer", message["label"], bytes.fromhex(message["eap"]), inner)


def _round(one: dict[str, Any]) -> Round:
    values = {name: bytes.fromhex(value) for name, value in one.items() if _is_octets(name)}
    return Round(one["kind"], one["identity"].encode(), one.get("counter", 0), values)


def _is_octets(name: str) -> bool:
    return name not in ("kind", "identity", "counter")


def _exchanges(packets: list[Packet], rounds: list[Round]) -> tuple[Exchange, ...]:
    exchanges, start = [], 0
    for end, packet in enumerate(packets, 1):
        if packet.octets[0] in (3, 4):
            cut = tuple(packets[start:end])
            count = sum(one.from_server and one.octets[5:6] in (b"\x01", b"\x0d") for one in cut)
            exchanges.append(Exchange(cut, tuple(rounds[:count])))
            rounds, start = rounds[count:], end
    return tuple(exchanges)
