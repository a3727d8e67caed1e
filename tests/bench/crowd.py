"""`python -m tests.bench.crowd CONFIG CARDS COUNT AT_ONCE`: UEs that attach and stay until SIGTERM.

They are those of `akadia ue storm`. One line of JSON says when each has attached or failed.
"""

import json
import sys
from pathlib import Path

from tests.bench.cards import imsi_of
from ue_sim.card import CardKeys
from ue_sim.load.subscribers import CardFile
from ue_sim.storm.app import storm
from ue_sim.storm.crowd import Pace
from ue_sim.storm.tally import Tally
from wire.identity import Imsi

AT_ANY_RATE = 1e6
FOR_EVER = 1e9


def main(config: Path, cards: Path, count: int, at_once: int) -> int:
    """0 when all attached."""
    file = CardFile(cards)
    found = [file.card(number) for number in range(count)]
    crowd = [CardKeys(Imsi(card.imsi), card.k, card.opc) for card in found]

    def told(tally: Tally) -> None:
        if tally.attached + tally.failed == count:
            print(json.dumps({**tally.fields(), "seconds": tally.seconds}), flush=True)

    return int(storm(config, crowd, Pace(AT_ANY_RATE, FOR_EVER, at_once), told).failed > 0)


def write_same_cards(path: Path, count: int, k: str, opc: str) -> None:
    """A file of `count` cards with the same keys, in hex, for whoever knows no others."""
    rows = "".join(f"{imsi_of(number)},{k},{opc}\n" for number in range(count))
    path.write_text("IMSI,KI,OPC\n" + rows, encoding="ascii")
    path.chmod(0o600)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
