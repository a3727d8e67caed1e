"""What was done is told, and whatever is done to the telling is found."""

import threading
from collections.abc import Callable
from random import Random

import pytest
from sqlalchemy import Connection, delete, select, update

from hss.audit import Actor, AuditTrail, read_entries
from hss.keys.keyring import Keyring
from hss.keys.vault import Vault, VaultError
from hss.models import AuditEntry, AuditHead, DataKey, KeyPurpose
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import now, put
from wire.secret import Secret

ME = Actor("me", "cli here")


@pytest.fixture
def trail(vault: Vault) -> AuditTrail:
    return AuditTrail(Keyring(vault, Random(4).randbytes), now)


def write(location: Location, trail: AuditTrail, count: int = 5) -> None:
    for number in range(count):
        with transaction(location) as connection:
            trail.record(connection, ME, "subscriber.update", str(number), before={"n": number}, after={"n": "é"})


def faults(location: Location, vault: Vault) -> list[str]:
    with transaction(location, read_only=True) as connection:
        return list(AuditTrail(Keyring(vault, Random(5).randbytes), now).verify(connection))


def test_whole_trail_has_no_fault(location: Location, trail: AuditTrail, vault: Vault) -> None:
    assert faults(location, vault) == []
    write(location, trail)
    assert faults(location, vault) == []
    with transaction(location, read_only=True) as connection:
        found = read_entries(connection)
        assert [entry.number for entry in found] == [1, 2, 3, 4, 5]
        assert (found[2].at, found[2].before, found[2].after) == (now(), '{"n":2}', '{"n":"\\u00e9"}')
        assert [entry.number for entry in read_entries(connection, subject="3")] == [4]
        assert [entry.number for entry in read_entries(connection, action="subscriber", after=2, limit=2)] == [3, 4]
        assert read_entries(connection, action="sub_criber") == []


Damage = Callable[[Connection], object]
DAMAGE: dict[str, tuple[Damage, list[str]]] = {
    "removed": (
        lambda c: c.execute(delete(AuditEntry).where(AuditEntry.number == 3)),
        ["entry 3 is missing"],
    ),
    "first removed": (
        lambda c: c.execute(delete(AuditEntry).where(AuditEntry.number <= 2)),
        ["entries 1 to 2 are missing"],
    ),
    "cut off": (
        lambda c: c.execute(delete(AuditEntry).where(AuditEntry.number >= 4)),
        ["entries 4 to 5 are missing"],
    ),
    "altered": (
        lambda c: c.execute(update(AuditEntry).where(AuditEntry.number == 2).values(actor="somebody else")),
        ["entry 2 was altered, or does not follow entry 1"],
    ),
    "after taken away": (
        lambda c: c.execute(update(AuditEntry).where(AuditEntry.number == 5).values(after=None)),
        ["entry 5 was altered, or does not follow entry 4"],
    ),
    "mac altered": (
        lambda c: c.execute(update(AuditEntry).where(AuditEntry.number == 4).values(mac=bytes(32))),
        ["entry 4 was altered, or does not follow entry 3", "entry 5 was altered, or does not follow entry 4"],
    ),
    "head altered": (
        lambda c: c.execute(update(AuditHead).values(seal=bytes(32))),
        ["the head of the trail was altered"],
    ),
    "head removed": (
        lambda c: c.execute(delete(AuditHead)),
        ["the head of the trail is missing: whether entries are missing at its end cannot be told"],
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found(location: Location, trail: AuditTrail, vault: Vault, damage: str) -> None:
    write(location, trail)
    act, said = DAMAGE[damage]
    with transaction(location) as connection:
        act(connection)
    assert faults(location, vault) == said


def test_trail_that_was_cut_with_its_head_is_found(location: Location, trail: AuditTrail, vault: Vault) -> None:
    write(location, trail)
    with transaction(location) as connection:
        mac = connection.scalar(select(AuditEntry.mac).where(AuditEntry.number == 3))
        connection.execute(delete(AuditEntry).where(AuditEntry.number > 3))
        connection.execute(update(AuditHead).values(number=3, mac=mac))
    assert faults(location, vault) == ["the head of the trail was altered"]


def wipe(connection: Connection) -> None:
    connection.execute(delete(AuditEntry))
    connection.execute(update(AuditHead).values(number=0, mac=bytes(32), key_id=None, seal=None))


def test_trail_of_which_nothing_is_left_is_found(location: Location, trail: AuditTrail, vault: Vault) -> None:
    write(location, trail)
    with transaction(location) as connection:
        wipe(connection)
    assert faults(location, vault) == ["every entry is missing"]


def test_subscriber_whom_no_entry_brought_is_found(location: Location, vault: Vault) -> None:
    put(location, vault)
    with transaction(location) as connection:
        wipe(connection)
        connection.execute(delete(DataKey).where(DataKey.purpose == KeyPurpose.AUDIT))
    assert faults(location, vault) == ["every entry is missing"]


def test_two_entries_that_changed_places_are_found(location: Location, trail: AuditTrail, vault: Vault) -> None:
    write(location, trail)
    with transaction(location) as connection:
        for old, other in ((2, 99), (3, 2), (99, 3)):
            connection.execute(update(AuditEntry).where(AuditEntry.number == old).values(number=other))
    assert faults(location, vault)[0] == "entry 2 was altered, or does not follow entry 1"


def test_other_master_key_cannot_verify(location: Location, trail: AuditTrail) -> None:
    write(location, trail)
    other = Vault({1: Secret(bytes(32))}, random=Random(1).randbytes)
    with pytest.raises(VaultError, match="another master key"):
        faults(location, other)


def test_entries_of_many_at_once_follow_each_other(location: Location, vault: Vault) -> None:
    def work(number: int) -> None:
        trail = AuditTrail(Keyring(vault, Random(number).randbytes), now)
        for _ in range(5):
            with transaction(location) as connection:
                trail.record(connection, ME, "x", str(number))

    with transaction(location) as connection:
        Keyring(vault, Random(1).randbytes).audit_key(connection)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults(location, vault) == []
    with transaction(location, read_only=True) as connection:
        assert len(read_entries(connection)) == 20


def test_change_that_fails_leaves_no_entry(location: Location, trail: AuditTrail, vault: Vault) -> None:
    def fail() -> None:
        with transaction(location) as connection:
            trail.record(connection, ME, "x")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    write(location, trail, 1)
    assert faults(location, vault) == []
