"""A policy proposed from what each peer has asked: prefixes of IMSIs and never an IMSI."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hss.policy.rules import Asked

PREFIXES_MOST = 16
"""More IMSI prefixes than these are shortened to MCCs, and more MCCs than these to none."""
REALMS_MOST = 64
"""More realms than these are none: the peer is not to be limited to realms."""

_MCC, _MCC_AND_MNC = 3, 5
_REALM = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?")
_HEAD = """\
# Proposed by the HSS from what each peer has asked it (policy = "learn").
# Look it over, paste the keys into the [[hss.peer]] of that name, and set policy = "enforce" in [hss].
"""


@dataclass(slots=True)
class _Seen:
    """What one peer has asked; a set that is None has grown beyond use."""

    applications: set[int] = field(default_factory=set)
    realms: set[str] | None = field(default_factory=set)
    prefixes: set[str] | None = field(default_factory=set)
    minute: int = -1
    vectors: int = 0
    peak: int = 0

    def note(self, asked: Asked, now: float) -> None:
        self.applications.add(asked.application)
        if self.realms is not None:
            self.realms.update(realm for realm in asked.realms if _REALM.fullmatch(realm))
            self.realms = self.realms if len(self.realms) <= REALMS_MOST else None
        if self.prefixes is not None and asked.imsi is not None:
            self.prefixes = condensed(self.prefixes | {asked.imsi[:_MCC_AND_MNC]})
        minute = int(now // 60)
        self.vectors = asked.vectors + (self.vectors if minute == self.minute else 0)
        self.minute = minute
        self.peak = max(self.peak, self.vectors)


def condensed(prefixes: set[str]) -> set[str] | None:
    """At most PREFIXES_MOST prefixes that cover all of `prefixes`; None when there are none so few."""
    if len(prefixes) > PREFIXES_MOST:
        prefixes = {prefix[:_MCC] for prefix in prefixes}
    kept = {prefix for prefix in prefixes if len(prefix) == _MCC or prefix[:_MCC] not in prefixes}
    return kept if len(kept) <= PREFIXES_MOST else None


class Learning:
    """Watches requests; `names` is Application-Id to its name in a configuration."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names
        self._seen: dict[str, _Seen] = {}
        self.changed = False

    def note(self, peer: str, asked: Asked, now: float) -> None:
        """One request of `peer` at `now`, in seconds of a clock that only rises."""
        self._seen.setdefault(peer, _Seen()).note(asked, now)
        self.changed = True

    def proposal(self) -> str:
        """The policy as TOML, the peers in the order of their names; nothing new then until `changed`."""
        self.changed = False
        return "\n".join([_HEAD, *(self._table(peer, seen) for peer, seen in sorted(self._seen.items()))])

    def _table(self, peer: str, seen: _Seen) -> str:
        applications = sorted(self._names[number] for number in seen.applications if number in self._names)
        return (
            f"[[hss.peer]]\nname = {json.dumps(peer)}\n"
            f"applications = {_list(applications)}\n"
            f"realms = {_list(sorted(seen.realms or ()))}\n"
            f"imsi_prefixes = {_list(sorted(seen.prefixes or ()))}\n"
            f"vectors_per_minute = {2 * seen.peak}  # twice the most that it had in a minute\n"
        )


def _list(texts: Iterable[str]) -> str:
    return json.dumps(list(texts))
