"""Faults that a tester scripts: what befalls one chosen datagram of the UE, and how its USIM misbehaves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from runtime.config import ConfigError, Section
from ue_sim.tampering import EapFault, IkeFault, Tampering, altered
from ue_sim.ue_events import Channel
from ue_sim.usim import Answer, Forged, Outcome, Usim
from wire.esp.encapsulation import NON_ESP_MARKER, has_ike_shape
from wire.ikev2.constants import ExchangeType
from wire.secret import Secret

Way = Literal["out", "in"]

CHANNELS = {"dns": Channel.DNS, "ike": Channel.IKE, "mip": Channel.DSMIP}
"""The names of the UE's sockets in a script; "ike" carries ESP as well."""

_EXCHANGE_AT = 18


class MessageFault(Section):
    """What becomes of datagram `number`, from 1, that leaves or reaches one socket.

    With `exchange` only IKE messages of that exchange count. "reorder" holds it until the next one of that way has
    passed.
    """

    channel: Literal["dns", "ike", "mip"]
    way: Way = "out"
    number: int = Field(ge=1)
    exchange: Literal["IKE_SA_INIT", "IKE_AUTH", "CREATE_CHILD_SA", "INFORMATIONAL"] | None = None
    do: Literal["drop", "duplicate", "delay", "reorder", "alter"]
    seconds: float = Field(default=1.0, gt=0, le=600, description="how long to delay it")
    octet: int = Field(default=-1, description="which octet to alter; from the end when negative")
    xor: int = Field(default=0xFF, ge=1, le=0xFF, description="what to alter it by")


class FaultScript(Section):
    """A file of JSON; what it does not name goes as it should."""

    messages: tuple[MessageFault, ...] = ()
    ike: tuple[IkeFault, ...] = ()
    eap: tuple[EapFault, ...] = ()
    answer: str = Field(
        default="",
        max_length=253,
        description='what to answer EAP\'s questions by: "permanent", "pseudonym", "reauthentication" or an NAI',
    )
    auts: int = Field(default=0, ge=0, description="how many challenges to answer by AUTS, fresh or not")
    res_octets: int | None = Field(default=None, ge=4, le=16, description="octets of RES, cut or repeated")
    identity: str = Field(default="", max_length=253, description="the NAI to show in IDi, of whatever type")
    reject: bool = Field(default=False, description="take every AUTN for a forgery")

    @property
    def tampering(self) -> Tampering | None:
        """What befalls the inside of one UE's messages, if anything does."""
        return Tampering(self.ike, self.eap) if self.ike or self.eap else None


def read_script(path: Path) -> FaultScript:
    """The script in a file; ConfigError says in one line what is wrong with it."""
    try:
        return FaultScript.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name a file of JSON") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}" if where else f"{path}: {first['msg']}") from None


@dataclass(slots=True)
class MessageFaults:
    """Counts datagrams by socket and way, and lets each pass as the script says."""

    script: FaultScript
    _seen: dict[tuple[tuple[Channel, Way], str | None], int] = field(default_factory=dict)
    _held: dict[tuple[Channel, Way], list[bytes]] = field(default_factory=dict)

    def passing(self, channel: Channel, way: Way, octets: bytes) -> Iterator[tuple[float, bytes]]:
        """What passes instead of `octets`, each after so many seconds."""
        place, exchange = (channel, way), _exchange_of(octets) if channel is Channel.IKE else None
        numbers: dict[str | None, int] = {None: self._count(place, None)}
        if exchange is not None:
            numbers[exchange] = self._count(place, exchange)
        held = self._held.pop(place, [])
        match self._fault(channel, way, numbers):
            case None:
                yield 0.0, octets
            case MessageFault(do="drop"):
                pass
            case MessageFault(do="duplicate"):
                yield 0.0, octets
                yield 0.0, octets
            case MessageFault(do="delay", seconds=seconds):
                yield seconds, octets
            case MessageFault(do="reorder"):
                self._held[place] = [octets]
            case MessageFault() as fault:
                yield 0.0, altered(octets, fault.octet, fault.xor)
        for late in held:
            yield 0.0, late

    def _count(self, place: tuple[Channel, Way], exchange: str | None) -> int:
        self._seen[place, exchange] = self._seen.get((place, exchange), 0) + 1
        return self._seen[place, exchange]

    def _fault(self, channel: Channel, way: Way, numbers: Mapping[str | None, int]) -> MessageFault | None:
        here = (fault for fault in self.script.messages if (CHANNELS[fault.channel], fault.way) == (channel, way))
        return next((fault for fault in here if numbers.get(fault.exchange) == fault.number), None)


def _exchange_of(octets: bytes) -> str | None:
    """What exchange an IKE message is of, with its marker or without; None where it is none."""
    message = octets.removeprefix(NON_ESP_MARKER)
    known = has_ike_shape(message) and message[_EXCHANGE_AT] in set(ExchangeType)
    return ExchangeType(message[_EXCHANGE_AT]).name if known else None


class FaultyUsim:
    """A USIM that answers as the script says."""

    def __init__(self, usim: Usim, script: FaultScript) -> None:
        self._usim = usim
        self._script = script
        self._auts_left = script.auts

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        """Judge a challenge of 16 octets each, or misjudge it."""
        outcome = self._usim.authenticate(rand, autn)
        if self._script.reject:
            return Forged()
        if not isinstance(outcome, Answer):
            return outcome
        if self._auts_left:
            # TS 33.102 §6.3.3: what was accepted once is not fresh again, and AUTS for that is genuine
            self._auts_left -= 1
            return self._usim.authenticate(rand, autn)
        octets = self._script.res_octets
        if octets is None:
            return outcome
        return Answer(Secret((bytes(outcome.res) * octets)[:octets]), outcome.ck, outcome.ik)
