"""What is restored counts on from further ahead, so that no SQN is used twice (TS 33.102 Annex C.1.1, C.2.1).

Vectors may have been issued after the backup was taken; the store that issued them knew higher SEQs than the backup
has. Were counting to go on from the backup, an SQN would be used twice. So every SEQ moves ahead by AHEAD, further
than anybody issues between a backup and the loss of its store, and by no more than a sixteenth of Δ (2^28), so that
every USIM accepts what follows. In a time-based profile the next window opens there, because the backup's ends where
the store went on with others (hss.counting.windows), and each node gets another epoch, so that no process goes on with
what it was granted before. Which node had which IND after the backup is not known either: all INDs get another
generation, so that a process that knows them from then reads them again.

What this does not cover is a subscriber whose SEQ a resynchronisation moved further than that after the backup. Its
USIM refuses what follows, as it refuses everything that it has seen, and resynchronises once more.
"""

from collections.abc import Iterable, Mapping
from secrets import randbits
from typing import Any

from hss.algorithms import AlgorithmSettings
from hss.counting.sqn import seq_max
from hss.models import FreedInd, IndGeneration, RequestingNode, Scheme, Subscriber

AHEAD = 1 << 24
"""How far SEQ moves: 16 million vectors of one subscriber, or four windows by the clock, 19 days of ticks of 0.1 s."""

_GENERATION_BITS = 62
_SUBSCRIBER = Subscriber.__tablename__
_NODE = RequestingNode.__tablename__
_FREED = FreedInd.__tablename__
_GENERATION = IndGeneration.__tablename__
MOVED = (_SUBSCRIBER, _NODE, _FREED, _GENERATION)
"""The tables whose rows change on the way in."""


class Ahead:
    """Moves rows ahead; `settings` are the restored profiles by name."""

    def __init__(self, settings: Mapping[str, AlgorithmSettings]) -> None:
        self._settings = settings
        self.exhausted = 0
        """Subscribers whose SEQ had no room left: they need a new K."""

    def move(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Change `rows` of `table`, by column, in place; those of other tables stay."""
        for row in rows:
            if table == _SUBSCRIBER:
                self._move_subscriber(row)
            elif table in {_NODE, _FREED}:
                row["epoch"] += 1
            elif table == _GENERATION:
                row["generation"] = randbits(_GENERATION_BITS)

    def _move_subscriber(self, row: dict[str, Any]) -> None:
        one = self._settings[row["profile"]]
        ahead = min(AHEAD, one.delta // 16)
        if one.scheme is Scheme.TIME:
            row["time_offset"] = 0
        end = seq_max(one.ind_bits)
        self.exhausted += row["seq"] > end - ahead
        row["seq"] = min(row["seq"] + ahead, end)
