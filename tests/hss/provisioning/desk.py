"""Changes that a test makes, and the subscriber that they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from hss.auc import SubscriberKeys
from hss.audit import Actor, Entry, read_entries
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.provisioning.apns import apn_profiles
from hss.provisioning.change import Change, changing
from hss.provisioning.description import Account
from hss.provisioning.subscribers import NewSubscriber, add, show
from hss.store.engines import transaction
from hss.store.location import Location
from wire.identity import Imsi
from wire.secret import Secret

IMSI = Imsi("001010000000001")
OTHER = Imsi("001010000000002")
KEYS = SubscriberKeys(Secret(bytes(range(16))), Secret(bytes(range(16, 32))))
ACTOR = Actor("somebody", "test here")


def now() -> datetime:
    return datetime(2027, 1, 1, 12, 0, 0, 5, tzinfo=UTC)


@contextmanager
def change(location: Location, vault: Vault) -> Iterator[Change]:
    """A change by ACTOR."""
    with changing(location, Custodian(vault), ACTOR, now) as one:
        yield one


def new(imsi: Imsi = IMSI, address: str = "2001:db8::5", profile: str = "milenage") -> NewSubscriber:
    """A subscriber with two APNs."""
    apns = apn_profiles(["internet", "*"], home_addresses=[address], ambr=None)
    return NewSubscriber(imsi, KEYS, 0x8000, apns, profile=profile)


def put(location: Location, vault: Vault, *wanted: NewSubscriber) -> None:
    """Add them, a transaction for all."""
    with change(location, vault) as one:
        for each in wanted or (new(),):
            add(one, each)


def account(location: Location, imsi: Imsi = IMSI) -> Account:
    """The subscriber as it stands."""
    with transaction(location, read_only=True) as connection:
        return show(connection, imsi)


def entries(location: Location) -> list[Entry]:
    """The audit trail."""
    with transaction(location, read_only=True) as connection:
        return read_entries(connection)
