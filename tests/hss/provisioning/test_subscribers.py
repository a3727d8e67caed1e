"""What an operator does with subscribers, on the real schema."""

from ipaddress import IPv6Address

import pytest

from hss.api import Assignment, AssignmentRequest, VectorRequest
from hss.auc import SubscriberKeys
from hss.custody import Custodian
from hss.database import Database
from hss.engines import transaction
from hss.location import Location
from hss.models import SubscriberState
from hss.provisioning.apns import apn_profiles
from hss.provisioning.subscribers import (
    Account,
    Line,
    NewSubscriber,
    ProvisioningRefused,
    add,
    disable,
    enable,
    lines,
    remove,
    show,
)
from hss.service import HssService
from hss.vault import Vault
from wire.identity import Imsi
from wire.secret import Secret

IMSI = Imsi("001010000000001")
KEYS = SubscriberKeys(Secret(bytes(range(16))), Secret(bytes(range(16, 32))))


def new(imsi: Imsi = IMSI, address: str = "2001:db8::5") -> NewSubscriber:
    return NewSubscriber(imsi, KEYS, 0x8000, apn_profiles(["internet", "*"], home_addresses=[address], ambr=None))


def put(location: Location, vault: Vault, *wanted: NewSubscriber) -> None:
    with transaction(location) as connection:
        for one in wanted:
            add(connection, Custodian(vault), one)


def account(location: Location) -> Account:
    with transaction(location) as connection:
        return show(connection, IMSI)


async def test_added_subscriber_gets_vectors(location: Location, vault: Vault, service: HssService) -> None:
    put(location, vault, new())
    assert len(await service.vectors(VectorRequest(IMSI, "aaa", count=2))) == 2
    shown = account(location)
    assert (shown.seq, shown.amf, shown.state, shown.serving_aaa) == (2, 0x8000, SubscriberState.ENABLED, None)
    assert shown.profile.apns[0].home_address == IPv6Address("2001:db8::5")
    assert shown.profile.default_context_id == 1


def test_account_has_no_key(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    assert not {"k", "opc", "keys"} & set(Account.__slots__)
    assert "secret" not in repr(account(location))


def test_imsi_is_added_once(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with pytest.raises(ProvisioningRefused, match="is there already; remove it first"):
        put(location, vault, new())


def test_home_address_of_another_is_refused_and_nothing_stays(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with pytest.raises(ProvisioningRefused, match="its Home Address belongs to another subscriber"):
        put(location, vault, new(Imsi("001010000000002")))
    with transaction(location) as connection:
        assert [line.imsi for line in lines(connection)] == [str(IMSI)]


def test_list_is_in_order(location: Location, vault: Vault) -> None:
    put(location, vault, *(new(Imsi(f"00101000000000{n}"), f"2001:db8::{n}") for n in (3, 1, 2)))
    with transaction(location) as connection:
        assert list(lines(connection)) == [
            Line(f"00101000000000{n}", SubscriberState.ENABLED, None, 0) for n in (1, 2, 3)
        ]


async def test_disabled_subscriber_is_served_by_nobody(
    location: Location, vault: Vault, database: Database, service: HssService
) -> None:
    put(location, vault, new())
    await service.assign(AssignmentRequest(IMSI, "aaa", Assignment.REGISTRATION))
    assert account(location).serving_aaa == "aaa"
    await database.write(lambda connection: disable(connection, IMSI))
    shown = account(location)
    assert (shown.state, shown.serving_aaa) == (SubscriberState.BARRED, None)
    assert shown.updated >= shown.created
    await database.write(lambda connection: enable(connection, IMSI))
    assert account(location).state is SubscriberState.ENABLED


def test_removed_subscriber_may_be_added_again(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with transaction(location) as connection:
        remove(connection, IMSI)
        assert list(lines(connection)) == []
    put(location, vault, new())


@pytest.mark.parametrize("act", [show, enable, disable, remove])
def test_unknown_subscriber_is_named(location: Location, act: object) -> None:
    with transaction(location) as connection, pytest.raises(ProvisioningRefused) as caught:
        act(connection, IMSI)  # type: ignore[operator]
    assert str(caught.value) == f"there is no subscriber {IMSI}; see them with: akadia subscriber list"
