"""What an operator does with subscribers, on the real schema."""

import json
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from sqlalchemy import insert, select

from hss.algorithms import AlgorithmSettings
from hss.api import Assignment, AssignmentRequest, VectorRequest
from hss.auc import SubscriberKeys
from hss.keys.custody import key_check
from hss.keys.vault import Vault
from hss.models import Algorithm, AlgorithmProfile, Custody, Notice, NoticeKind, SubscriberState
from hss.provisioning import algorithm_profiles
from hss.provisioning.change import Change, Conflict, ProvisioningRefused
from hss.provisioning.description import Account
from hss.provisioning.subscribers import (
    Update,
    add,
    change_subscriber,
    changed_apns,
    disable,
    enable,
    remove,
    settings_named,
    show,
)
from hss.service import HssService
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.provisioning.desk import IMSI, KEYS, OTHER, account, change, entries, new, put
from wire.identity import Imsi
from wire.secret import Secret

OTHER_KEYS = SubscriberKeys(Secret(bytes(16)), Secret(bytes(range(32, 48))))


def notices(location: Location) -> list[tuple[str, NoticeKind]]:
    with transaction(location, read_only=True) as connection:
        return [(row.aaa_name, row.kind) for row in connection.execute(select(Notice).order_by(Notice.id))]


async def register(service: HssService) -> None:
    await service.assign(AssignmentRequest(IMSI, "aaa", Assignment.REGISTRATION))


async def test_added_subscriber_gets_vectors(location: Location, vault: Vault, service: HssService) -> None:
    put(location, vault, new())
    assert len(await service.vectors(VectorRequest(IMSI, "aaa", count=2))) == 2
    shown = account(location)
    assert (shown.seq, shown.amf, shown.state, shown.serving_aaa) == (2, 0x8000, SubscriberState.ENABLED, None)
    assert shown.profile.apns[0].home_address == IPv6Address("2001:db8::5")
    assert shown.profile.default_context_id == 1
    assert (shown.k_check, shown.opc_check) == (key_check(KEYS.k), key_check(KEYS.opc))


def test_account_and_trail_have_no_key(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    assert not {"k", "opc", "keys"} & set(Account.__slots__)
    assert "secret" not in repr(account(location))
    (entry,) = entries(location)
    assert (entry.number, entry.actor, entry.origin, entry.action) == (1, "somebody", "test here", "subscriber.add")
    told = json.loads(entry.after or "")
    assert (told["imsi"], told["k_check"]) == (str(IMSI), key_check(KEYS.k).hex())
    assert KEYS.k.hex() not in (entry.after or "")


def test_imsi_is_added_once(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with pytest.raises(ProvisioningRefused, match="is there already; remove it first"):
        put(location, vault, new())
    assert len(entries(location)) == 1


def test_home_address_of_another_is_refused_and_nothing_stays(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with pytest.raises(ProvisioningRefused, match="its Home Address belongs to another subscriber"):
        put(location, vault, new(OTHER))
    with pytest.raises(ProvisioningRefused):
        account(location, OTHER)


def test_keys_must_fit_the_profile(location: Location, vault: Vault) -> None:
    with transaction(location) as connection:
        connection.execute(insert(AlgorithmProfile).values(name="tuak", algorithm=Algorithm.TUAK))
        assert settings_named(connection, "tuak") == AlgorithmSettings("tuak", Algorithm.TUAK)
        with pytest.raises(ProvisioningRefused, match="there is no algorithm profile other"):
            settings_named(connection, "other")
    with pytest.raises(ProvisioningRefused, match="profile tuak takes K of 16 or 32 octets and OPc of 32"):
        put(location, vault, new(profile="tuak"))
    long = SubscriberKeys(KEYS.k, Secret(bytes(32)))
    put(location, vault, replace(new(profile="tuak"), keys=long))
    assert account(location).algorithm_profile == "tuak"


def test_what_is_named_changes_and_the_rest_stays(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with change(location, vault) as one:
        changed = change_subscriber(one, IMSI, Update(msisdn="4917012345", amf=0))
    assert (changed.profile.msisdn, changed.amf, changed.revision) == ("4917012345", 0, 2)
    assert changed.k_check == key_check(KEYS.k)
    last = entries(location)[-1]
    assert (last.before, last.after) == ('{"amf":"8000","msisdn":null}', '{"amf":"0000","msisdn":"4917012345"}')
    with change(location, vault) as one:
        assert change_subscriber(one, IMSI, Update(msisdn="")).profile.msisdn is None


def test_profile_that_takes_other_keys_comes_with_them(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with change(location, vault) as one:
        algorithm_profiles.add(one, AlgorithmSettings("tuak", Algorithm.TUAK))
        algorithm_profiles.add(one, AlgorithmSettings("token", custody=Custody.TOKEN))
    for name in ("tuak", "token"):
        other = f"profile {name} takes other keys than milenage; give the card's keys with it"
        with pytest.raises(ProvisioningRefused, match=other), change(location, vault) as one:
            change_subscriber(one, IMSI, Update(profile=name))
    with change(location, vault) as one:
        long = SubscriberKeys(KEYS.k, Secret(bytes(32)))
        assert change_subscriber(one, IMSI, Update(profile="tuak", keys=long)).algorithm_profile == "tuak"


async def test_new_card_goes_on_where_the_old_one_was(location: Location, vault: Vault, service: HssService) -> None:
    put(location, vault, new())
    await service.vectors(VectorRequest(IMSI, "aaa", count=3))
    with change(location, vault) as one:
        changed = change_subscriber(one, IMSI, Update(keys=OTHER_KEYS))
    assert (changed.seq, changed.k_check) == (3, key_check(OTHER_KEYS.k))
    assert '"keys":"replaced"' in (entries(location)[-1].after or "")
    assert len(await service.vectors(VectorRequest(IMSI, "aaa"))) == 1


async def test_profile_changes_without_an_sqn_coming_twice(
    location: Location, vault: Vault, service: HssService
) -> None:
    with transaction(location) as connection:
        connection.execute(insert(AlgorithmProfile).values(name="busy", algorithm=Algorithm.MILENAGE, reserve=8))
    put(location, vault, new())
    await service.vectors(VectorRequest(IMSI, "aaa"))
    with change(location, vault) as one:
        assert change_subscriber(one, IMSI, Update(profile="busy")).seq >= 1
        with pytest.raises(ProvisioningRefused, match="there is no algorithm profile none"):
            change_subscriber(one, IMSI, Update(profile="none"))
    await service.vectors(VectorRequest(IMSI, "aaa"))
    assert account(location).algorithm_profile == "busy"


def test_change_of_something_that_has_changed_is_a_conflict(location: Location, vault: Vault) -> None:
    put(location, vault, new())
    with change(location, vault) as one:
        enable(one, IMSI, if_revision=1)
    acts: list[Callable[[Change], object]] = [
        lambda one: change_subscriber(one, IMSI, Update(amf=1), if_revision=1),
        lambda one: disable(one, IMSI, if_revision=1),
        lambda one: remove(one, IMSI, if_revision=1),
    ]
    for act in acts:
        with pytest.raises(Conflict, match="is at revision 2, not 1; look at it again"), change(location, vault) as one:
            act(one)
    assert account(location).state is SubscriberState.ENABLED


async def test_disabled_subscriber_is_served_by_nobody(location: Location, vault: Vault, service: HssService) -> None:
    put(location, vault, new())
    await register(service)
    assert account(location).serving_aaa == "aaa"
    with change(location, vault) as one:
        shown = disable(one, IMSI)
    assert (shown.state, shown.serving_aaa) == (SubscriberState.BARRED, None)
    assert notices(location) == [("aaa", NoticeKind.DEREGISTER)]
    with change(location, vault) as one:
        assert enable(one, IMSI).state is SubscriberState.ENABLED
    assert [entry.action for entry in entries(location)] == [
        "subscriber.add",
        "subscriber.disable",
        "subscriber.enable",
    ]


async def test_removed_subscriber_may_be_added_again(location: Location, vault: Vault, service: HssService) -> None:
    put(location, vault, new())
    await register(service)
    with change(location, vault) as one:
        remove(one, IMSI)
    assert notices(location) == [("aaa", NoticeKind.DEREGISTER)]
    assert '"serving_aaa":"aaa"' in (entries(location)[-1].before or "")
    put(location, vault, new())


async def test_aaa_server_is_told_of_other_apns(location: Location, vault: Vault, service: HssService) -> None:
    put(location, vault, new())
    await register(service)
    with change(location, vault) as one:
        changed_apns(one, show(one.connection, IMSI), "apn.update")
    assert notices(location) == [("aaa", NoticeKind.UPDATE_PROFILE)]
    with change(location, vault) as one:
        change_subscriber(one, IMSI, Update(amf=0))
    assert len(notices(location)) == 1, "the HSS's own affair"
    with change(location, vault) as one:
        change_subscriber(one, IMSI, Update(msisdn="4917012345"))
    assert len(notices(location)) == 2, "Subscription-Id is part of the profile"


@pytest.mark.parametrize("act", [enable, disable, remove])
def test_unknown_subscriber_is_named(location: Location, vault: Vault, act: Callable[[Change, Imsi], object]) -> None:
    with pytest.raises(ProvisioningRefused) as caught, change(location, vault) as one:
        act(one, IMSI)
    assert str(caught.value) == f"there is no subscriber {IMSI}; see them with: akadia subscriber list"
    assert entries(location) == []


def test_many_are_added_in_one_transaction(location: Location, vault: Vault) -> None:
    with change(location, vault) as one:
        for number in range(5):
            add(one, new(Imsi(f"00101000000010{number}"), f"2001:db8::{number + 1}"))
    assert [entry.number for entry in entries(location)] == [1, 2, 3, 4, 5]
