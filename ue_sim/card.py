"""The card in a file: a software USIM whose memory of sequence numbers outlives the process (TS 33.102 Annex C.2)."""

import json
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from runtime.config import ConfigError
from ue_sim.usim import CardAlgorithm, Outcome, SoftwareUsim
from wire.aka.milenage import Milenage
from wire.aka.tuak import K_LENGTHS, TOP_LENGTH, Tuak
from wire.aka.xor import TestAlgorithm
from wire.identity import Imsi
from wire.secret import Secret

_BROKEN_MEMORY = "is not the memory of a card; remove it, and the card begins anew"


@dataclass(frozen=True, slots=True)
class _Kind:
    """An algorithm, and how many octets K and OPc may have with it; no lengths where it takes no OPc."""

    algorithm: CardAlgorithm
    k_lengths: tuple[int, ...]
    opc_lengths: tuple[int, ...]


_KINDS = {
    "milenage": _Kind(Milenage, (16,), (16,)),
    "tuak": _Kind(Tuak, K_LENGTHS, (TOP_LENGTH,)),
    "test": _Kind(lambda k, _: TestAlgorithm(k), (16,), ()),
}
"""The algorithms that a card may have (TS 35.206, TS 35.231, TS 34.108 §8.1.2), with the usual constants."""

_NAMES = ", ".join(f'"{name}"' for name in _KINDS)


@dataclass(frozen=True, slots=True)
class CardKeys:
    """What the file says: the IMSI, K and OPc (TOPc) of as many octets as the algorithm takes, and which that is."""

    imsi: Imsi
    k: Secret
    opc: Secret
    algorithm: CardAlgorithm = Milenage


class StoredUsim:
    """A USIM that writes its memory down before its answer leaves, so that no challenge is answered twice.

    `path` is a TOML file with imsi, k and opc in hexadecimal, and perhaps algorithm: "milenage", "tuak" (opc is then
    TOPc) or "test" (without opc). The memory is beside it, with the suffix `.seq`.
    """

    def __init__(self, path: Path) -> None:
        keys = read_card(path)
        self.imsi = keys.imsi
        self._memory = path.with_suffix(".seq")
        try:
            self._usim = SoftwareUsim(keys.k, keys.opc, _read_memory(self._memory), algorithm=keys.algorithm)
        except (OSError, ValueError, TypeError):
            raise ConfigError(f"{self._memory}: {_BROKEN_MEMORY}") from None

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        """As the card does; OSError when its memory cannot be written."""
        outcome = self._usim.authenticate(rand, autn)
        _write_memory(self._memory, self._usim.state)
        return outcome


def read_card(path: Path) -> CardKeys:
    """The card's keys; ConfigError in one line, without a key, for a file that is missing, open to others or wrong."""
    try:
        mode = path.stat().st_mode
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name the card's file in [ue] usim") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise ConfigError(f'{path}: is not TOML; write imsi = "…", k = "…", opc = "…"') from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: others can read this card (mode {stat.S_IMODE(mode):04o}); chmod 600 {path}")
    imsi, kind = _imsi(path, table), _kind(path, table)
    k = _key(path, table, "k", kind.k_lengths)
    opc = _key(path, table, "opc", kind.opc_lengths) if kind.opc_lengths else Secret()
    return CardKeys(imsi, k, opc, kind.algorithm)


def _imsi(path: Path, table: dict[str, object]) -> Imsi:
    try:
        return Imsi(str(table["imsi"]))
    except (KeyError, ValueError):
        raise ConfigError(f"{path}: imsi is missing or not 6 to 15 digits; write it in quotes") from None


def _kind(path: Path, table: dict[str, object]) -> _Kind:
    kind = _KINDS.get(str(table.get("algorithm", "milenage")))
    if kind is None:
        raise ConfigError(f"{path}: algorithm is none that a card has; write {_NAMES}, or leave it out")
    return kind


def _key(path: Path, table: dict[str, object], name: str, lengths: tuple[int, ...]) -> Secret:
    try:
        key = Secret(bytes.fromhex(str(table[name])))
    except (KeyError, ValueError):
        key = Secret()
    if len(key) not in lengths:
        digits = " or ".join(str(2 * length) for length in lengths)
        raise ConfigError(f"{path}: {name} is missing or not {digits} hexadecimal digits; write it in quotes")
    return key


def _read_memory(path: Path) -> tuple[int, ...]:
    try:
        return tuple(int(seq) for seq in json.loads(path.read_text(encoding="ascii")))
    except FileNotFoundError:
        return ()


def _write_memory(path: Path, state: tuple[int, ...]) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
