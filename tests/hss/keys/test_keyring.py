"""Values open under their data key at their place, and each failure has its own name."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from hss.keys.data_keys import make_key, wrap_anew
from hss.keys.keyring import Keyring, UnknownDataKey
from hss.keys.vault import Altered, Misplaced, Vault, VaultError, WrongMasterKey
from hss.models import DataKey, KeyPurpose
from hss.store.engines import transaction
from hss.store.location import Location
from wire.secret import Secret

K = bytes.fromhex("465b5ce8b199b49faa5f0a2ee238a6bc")
PLACE = {"table": "subscriber", "column": "k", "imsi": "001010000000001"}


@pytest.fixture
def ring(location: Location, vault: Vault) -> Keyring:
    found = Keyring(vault, Random(4).randbytes)
    with transaction(location) as connection:
        found.prepare(connection)
    return found


def current(ring: Keyring) -> int:
    assert ring.current is not None
    return ring.current


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.binary(min_size=1, max_size=64), imsi=st.from_regex(r"[0-9]{6,15}", fullmatch=True))
def test_what_is_sealed_opens(ring: Keyring, value: bytes, imsi: str) -> None:
    octets = ring.seal(value, table="subscriber", column="opc", imsi=imsi)
    assert ring.open(octets, table="subscriber", column="opc", imsi=imsi, key=current(ring)) == value
    assert value not in octets or len(value) < 4


def test_nothing_is_sealed_alike_twice(ring: Keyring) -> None:
    assert len({ring.seal(K, **PLACE) for _ in range(50)}) == 50


@pytest.mark.parametrize("bit", range(0, 53 * 8, 7))
def test_flipped_bit_is_noticed(ring: Keyring, bit: int) -> None:
    octets = bytearray(ring.seal(K, **PLACE))
    assert len(octets) == 53
    octets[bit // 8] ^= 0x80 >> bit % 8
    with pytest.raises((Altered, Misplaced), match=r"subscriber\.k of 001010000000001: was "):
        ring.open(bytes(octets), **PLACE, key=current(ring))


@pytest.mark.parametrize("wrong", [{"imsi": "001010000000002"}, {"column": "opc"}, {"table": "other"}])
def test_value_opens_at_its_own_place_alone(ring: Keyring, wrong: dict[str, str]) -> None:
    octets = ring.seal(K, **PLACE)
    with pytest.raises(Misplaced, match="was sealed for another subscriber or column"):
        ring.open(octets, **PLACE | wrong, key=current(ring))


@pytest.mark.parametrize("cut", [lambda octets: octets[:20], lambda octets: octets[:0]])
def test_value_that_was_cut_says_so(ring: Keyring, cut: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Altered, match="too few for a sealed value"):
        ring.open(cut(ring.seal(K, **PLACE)), **PLACE, key=current(ring))


def test_key_that_is_not_there_is_named(ring: Keyring) -> None:
    with pytest.raises(UnknownDataKey, match="is sealed under data key 99, which is not there"):
        ring.open(ring.seal(K, **PLACE), **PLACE, key=99)


def test_no_key_seals_before_there_is_one(vault: Vault) -> None:
    with pytest.raises(UnknownDataKey, match="make one with: akadia keys rotate"):
        Keyring(vault, Random(1).randbytes).seal(K, **PLACE)


def test_other_process_finds_the_new_key(ring: Keyring, location: Location, vault: Vault) -> None:
    before = ring.seal(K, **PLACE)
    first = current(ring)
    other = Keyring(vault, Random(5).randbytes)
    with transaction(location) as connection:
        second = make_key(connection, vault, KeyPurpose.SUBSCRIBER, Random(6).randbytes)
        other.prepare(connection)
    assert other.current == second
    assert other.open(before, **PLACE, key=first) == K
    octets = other.seal(K, **PLACE)
    with pytest.raises(UnknownDataKey):
        ring.open(octets, **PLACE, key=second)
    with transaction(location) as connection:
        ring.load(connection)
    assert ring.open(octets, **PLACE, key=second) == K


def test_audit_key_is_one_for_all(ring: Keyring, location: Location, vault: Vault) -> None:
    with transaction(location) as connection:
        number, octets = ring.audit_key(connection)
        assert Keyring(vault, Random(7).randbytes).audit_key(connection) == (number, octets)
        with pytest.raises(VaultError, match="names data key 99"):
            ring.audit_key_of(connection, 99)
    assert len(octets) == 32
    assert ring.current != number


def test_key_of_a_transaction_that_failed_is_not_used_again(location: Location, vault: Vault) -> None:
    one = Keyring(vault, Random(8).randbytes)

    def fail() -> None:
        with transaction(location) as connection:
            one.prepare(connection)
            one.audit_key(connection)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with transaction(location) as connection:
        one.prepare(connection)
        audit = one.audit_key(connection)
    octets = one.seal(K, **PLACE)
    other = Keyring(vault, Random(9).randbytes)
    with transaction(location) as connection:
        other.load(connection)
        assert other.audit_key(connection) == audit
    assert other.open(octets, **PLACE, key=current(one)) == K


def test_keys_that_are_wrapped_anew_are_known_already(ring: Keyring, location: Location, vault: Vault) -> None:
    octets = ring.seal(K, **PLACE)
    new = Vault({1: Secret(bytes(32))}, random=Random(3).randbytes)
    with transaction(location) as connection:
        wrap_anew(connection, vault, new)
        ring.load(connection)
        with pytest.raises(WrongMasterKey):
            Keyring(vault, Random(1).randbytes).load(connection)
    assert ring.open(octets, **PLACE, key=current(ring)) == K


class Token(Vault):
    """A master key that cannot tell another's work from a damaged value, as a token cannot."""

    def open(self, sealed: bytes, *, table: str, column: str, imsi: str, version: int = 1) -> Secret:
        try:
            return super().open(sealed, table=table, column=column, imsi=imsi, version=version)
        except WrongMasterKey:
            raise Altered("was not sealed by a token") from None


def test_who_has_the_keys_goes_on_when_a_token_gives_its_place_up(location: Location) -> None:
    token = Token({1: Secret(bytes(range(32)))}, random=Random(1).randbytes)
    ring = Keyring(token, Random(4).randbytes)
    with transaction(location) as connection:
        ring.prepare(connection)
        wrap_anew(connection, token, Vault({1: Secret(bytes(32))}, random=Random(3).randbytes))
        ring.prepare(connection)
    assert ring.open(ring.seal(K, **PLACE), **PLACE, key=current(ring)) == K


def test_damaged_data_key_is_refused_although_it_is_known(ring: Keyring, location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(update(DataKey).values(wrapped=bytes(64)))
        with pytest.raises(VaultError):
            ring.prepare(connection)


def test_what_another_thread_reads_changes_nothing_of_what_seals(location: Location, vault: Vault) -> None:
    ring = Keyring(vault, Random(4).randbytes)
    with transaction(location) as connection:
        ring.prepare(connection)
    with transaction(location, read_only=True) as earlier:
        ring.load(earlier)
        with transaction(location) as connection:
            second = make_key(connection, vault, KeyPurpose.SUBSCRIBER, Random(6).randbytes)
            ring.prepare(connection)
            ring.load(earlier)
            assert current(ring) == second
            assert ring.open(ring.seal(K, **PLACE), **PLACE, key=second) == K
