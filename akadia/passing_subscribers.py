"""Subscribers for a trial in a laboratory: made in the store for it, and removed from it at its end."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hss.auc import SubscriberKeys
from hss.audit import Actor
from hss.config import HssConfig
from hss.keys.custody import Custodian
from hss.keys.master_key import open_master
from hss.provisioning import subscribers
from hss.provisioning.apns import apn_profiles
from hss.provisioning.change import Change, NotThere, ProvisioningRefused, begin
from hss.provisioning.cli_session import now
from hss.provisioning.importing.batches import existing
from hss.store import schema
from hss.store.engines import transaction
from runtime.config import NetworkConfig, read_config
from ue_sim.card import CardKeys
from wire.identity import Imsi
from wire.sansio import RandomBytes
from wire.secret import Secret

ItemT = TypeVar("ItemT")

AMF = 0x8000
"""The separation bit is 1 (TS 33.102 Annex H)."""

IMSI_LENGTH = 15
_TOGETHER = 200
_ATTEMPTS = 20
_ACTOR = Actor("akadia", "ue storm")

Told = Callable[[int], None]
"""Hears how many are done."""


@contextmanager
def passing_subscribers(
    config: Path, count: int, *, random: RandomBytes = os.urandom, added: Told, removed: Told
) -> Iterator[list[CardKeys]]:
    """`count` subscribers of the APN and the network that `config` names, while the block runs; their cards.

    ConfigError when it names no store; ProvisioningRefused when so many IMSIs in a row are not free.
    """
    store = _Store(config, random)
    cards = store.free_cards(count)
    try:
        store.change(cards, store.add, added)
        yield cards
    finally:
        store.change(cards, store.remove, removed)


class _Store:
    """The HSS's, as an operator has it."""

    def __init__(self, config: Path, random: RandomBytes) -> None:
        raw = read_config(config)
        hss = raw.section("hss", HssConfig)
        schema.check(hss.database, config)
        self._database = hss.database
        self._custodian = Custodian(open_master(hss.master_key, random), random)
        self._network = raw.section("network", NetworkConfig)
        self._random = random

    def free_cards(self, count: int) -> list[CardKeys]:
        """Cards with new keys, whose IMSIs follow one another and are nobody's."""
        prefix = self._network.mcc + self._network.mnc
        places = 10 ** (IMSI_LENGTH - len(prefix))
        if count > places:
            raise ProvisioningRefused(f"the network has no {count} IMSIs; name fewer")
        for _ in range(_ATTEMPTS):
            first = int.from_bytes(self._random(8), "big") % (places - count + 1)
            imsis = [f"{prefix}{first + number:0{IMSI_LENGTH - len(prefix)}d}" for number in range(count)]
            with transaction(self._database, read_only=True) as connection:
                if not any(existing(connection, part) for part in _parts(imsis)):
                    return [CardKeys(Imsi(imsi), self._new_key(), self._new_key()) for imsi in imsis]
        raise ProvisioningRefused(f"{count} free IMSIs in a row were not found; name fewer")

    def change(self, cards: Sequence[CardKeys], one: Callable[[Change, CardKeys], None], told: Told) -> None:
        """`one` for each card, many in a transaction."""
        done = 0
        for part in _parts(cards):
            with transaction(self._database) as connection:
                change = begin(connection, self._custodian, _ACTOR, now)
                for card in part:
                    one(change, card)
            done += len(part)
            told(done)

    def add(self, change: Change, card: CardKeys) -> None:
        """A subscriber with the APN of [network]."""
        keys = SubscriberKeys(card.k, card.opc)
        apns = apn_profiles((self._network.apn,), ambr=None)
        subscribers.add(change, subscribers.NewSubscriber(card.imsi, keys, AMF, apns))

    def remove(self, change: Change, card: CardKeys) -> None:
        """It may never have been added."""
        try:
            subscribers.remove(change, card.imsi)
        except NotThere:
            return

    def _new_key(self) -> Secret:
        return Secret(self._random(16))


def _parts(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    return (items[at : at + _TOGETHER] for at in range(0, len(items), _TOGETHER))
