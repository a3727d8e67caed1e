"""Whose cards the load has: those of a SIM vendor's file, a range of IMSIs with one pair of keys, or one card."""

import mmap
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wire.aka.milenage import Milenage
from wire.errors import EncodeError
from wire.identity import Imsi
from wire.secret import Secret

_KEPT = 10_000
_COLUMNS = (("imsi",), ("k", "ki"), ("opc",))
_DELIMITERS = ",;\t"


class LoadRefused(Exception):
    """The load cannot be made; one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class CardKeys:
    """What a card holds: its IMSI, and K and OPc of 16 octets each."""

    imsi: str
    k: Secret
    opc: Secret


class CardSource(Protocol):
    """Cards by their number, from 0 on."""

    def __len__(self) -> int: ...

    def card(self, number: int) -> CardKeys:
        """The card; LoadRefused when it cannot be read."""


class Range:
    """`count` IMSIs from `first` on, all with the keys of `first`."""

    def __init__(self, first: CardKeys, count: int = 1) -> None:
        self._first = first
        self._count = count
        if count < 1 or len(str(int(first.imsi) + count - 1).zfill(len(first.imsi))) > len(first.imsi):
            raise LoadRefused(f"there are no {count} IMSIs from {first.imsi} on; name fewer")

    def __len__(self) -> int:
        return self._count

    def card(self, number: int) -> CardKeys:
        """The card; it costs next to nothing."""
        digits = str(int(self._first.imsi) + number).zfill(len(self._first.imsi))
        return CardKeys(digits, self._first.k, self._first.opc)


class CardFile:
    """A file with a card on each line, which stays on disk: only where each line begins is remembered.

    Its first line names the columns (IMSI, K or KI, OPC; comma, semicolon or tab between them), or there is none and
    each line is `IMSI K OPc`, as hlr_auc_gw has it. LoadRefused for a file of another form.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                self._octets = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise LoadRefused(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
        head = self._octets.readline().decode("utf-8-sig", "replace").strip()
        self._delimiter, self._columns = _layout(path, head)
        if self._delimiter is None:
            self._octets.seek(0)
        self._starts = array("Q", self._found())
        if not self._starts:
            raise LoadRefused(f"{path}: holds no card")
        self.card(0)

    def __len__(self) -> int:
        return len(self._starts)

    def card(self, number: int) -> CardKeys:
        """The card on the `number`th line of cards."""
        self._octets.seek(self._starts[number])
        cells = self._octets.readline().decode("ascii", "replace").strip().split(self._delimiter)
        try:
            imsi, k, opc = (cells[column].strip().strip('"') for column in self._columns)
            card = CardKeys(str(Imsi(imsi)), Secret.fromhex(k), Secret.fromhex(opc))
        except (IndexError, ValueError):
            raise LoadRefused(f"{self._path}: card {number + 1} is not an IMSI with K and OPc in hex") from None
        if len(card.k) != 16 or len(card.opc) != 16:
            raise LoadRefused(f"{self._path}: K and OPc of card {number + 1} do not have 16 octets (Milenage) each")
        return card

    def _found(self) -> Iterator[int]:
        at = self._octets.tell()
        for line in iter(self._octets.readline, b""):
            if line.strip() and not line.startswith(b"#"):
                yield at
            at += len(line)


def _layout(path: Path, head: str) -> tuple[str | None, tuple[int, ...]]:
    """What stands between the cells (None: blanks), and where IMSI, K and OPc are."""
    if head[:1].isdigit() or head.startswith("#"):
        return None, (0, 1, 2)
    delimiter = max(_DELIMITERS, key=head.count)
    names = [name.strip().strip('"').lower() for name in head.split(delimiter)]
    try:
        places = [next(place for place, name in enumerate(names) if name in wanted) for wanted in _COLUMNS]
    except StopIteration:
        raise LoadRefused(f"{path}: the first line has to name the columns IMSI, KI and OPC") from None
    return delimiter, tuple(places)


class Cards:
    """A share of `source` as what a USIM computes with: the numbers from `first` on, in steps of `step`."""

    def __init__(self, source: CardSource, first: int = 0, step: int = 1) -> None:
        self._source = source
        self._first = first
        self._step = step
        self._kept: dict[int, tuple[str, Milenage]] = {}

    def __len__(self) -> int:
        return len(range(self._first, len(self._source), self._step))

    def card(self, number: int) -> tuple[str, Milenage]:
        """IMSI and functions; 10,000 are kept, because to make an AES context costs as much as a vector."""
        known = self._kept.get(number)
        if known is None:
            keys = self._source.card(self._first + number * self._step)
            try:
                known = keys.imsi, Milenage(keys.k, keys.opc)
            except EncodeError as error:
                raise LoadRefused(f"the card of {keys.imsi} is of no use: {error}") from None
            if len(self._kept) < _KEPT:
                self._kept[number] = known
        return known
