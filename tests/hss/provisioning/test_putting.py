"""A subscriber as it is to be."""

from dataclasses import replace
from random import Random

import pytest

from hss.keys.vault import Vault
from hss.models import SubscriberState
from hss.provisioning.apns import apn_profiles
from hss.provisioning.change import Conflict, ProvisioningRefused
from hss.provisioning.description import Account
from hss.provisioning.keys_input import KeysInput
from hss.provisioning.putting import Wanted, create, put
from hss.provisioning.subscribers import show
from hss.store.location import Location
from tests.hss.provisioning.desk import IMSI, KEYS, change, entries
from wire.secret import Secret

WANTED = Wanted(
    IMSI,
    KeysInput(KEYS.k, opc=KEYS.opc),
    0x8000,
    SubscriberState.ENABLED,
    None,
    "milenage",
    apn_profiles(["internet", "ims"], ambr=None),
)


def made(location: Location, vault: Vault, wanted: Wanted = WANTED) -> Account:
    with change(location, vault) as one:
        return create(one, wanted)


def become(location: Location, vault: Vault, wanted: Wanted) -> Account:
    with change(location, vault) as one:
        return put(one, show(one.connection, IMSI), wanted, Random(1).randbytes)


def test_barred_subscriber_is_made_barred(location: Location, vault: Vault) -> None:
    found = made(location, vault, replace(WANTED, state=SubscriberState.BARRED))
    assert (found.state, found.revision) == (SubscriberState.BARRED, 2)


def test_new_subscriber_needs_keys(location: Location, vault: Vault) -> None:
    with pytest.raises(ProvisioningRefused, match="is new; give its keys"):
        made(location, vault, replace(WANTED, keys=None))


@pytest.mark.parametrize(
    "same",
    [
        WANTED,
        replace(WANTED, keys=None),
        replace(WANTED, apns=tuple(replace(apn, context_id=apn.context_id + 7) for apn in WANTED.apns)),
    ],
)
def test_what_is_so_already_is_not_written(location: Location, vault: Vault, same: Wanted) -> None:
    before = made(location, vault)
    assert become(location, vault, same) == before
    assert len(entries(location)) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(WANTED, amf=0),
        replace(WANTED, msisdn="15551234567"),
        replace(WANTED, state=SubscriberState.BARRED),
        replace(WANTED, keys=KeysInput(Secret(bytes(16)), opc=KEYS.opc)),
        replace(WANTED, keys=KeysInput(KEYS.k, op=KEYS.opc)),
        replace(WANTED, apns=WANTED.apns[::-1]),
        replace(WANTED, apns=WANTED.apns[:1]),
        replace(WANTED, apns=apn_profiles(["internet", "ims"], home_addresses=["2001:db8::7"], ambr=None)),
    ],
)
def test_what_differs_is_one_change(location: Location, vault: Vault, other: Wanted) -> None:
    made(location, vault)
    after = become(location, vault, other)
    assert after.revision == 2
    assert (after.amf, after.state, after.profile.msisdn) == (other.amf, other.state, other.msisdn)
    assert [apn.name for apn in after.profile.apns if apn.context_id == after.profile.default_context_id] == [
        other.apns[0].name
    ]
    assert [one.action for one in entries(location)] == ["subscriber.add", "subscriber.update"]
    assert become(location, vault, replace(other, keys=None)) == after


def test_number_is_taken_away(location: Location, vault: Vault) -> None:
    made(location, vault, replace(WANTED, msisdn="15551234567"))
    assert become(location, vault, WANTED).profile.msisdn is None


def test_change_of_somebody_else_is_not_overwritten(location: Location, vault: Vault) -> None:
    before = made(location, vault)
    become(location, vault, replace(WANTED, amf=0))
    with pytest.raises(Conflict), change(location, vault) as one:
        put(one, before, replace(WANTED, msisdn="15551234567"), Random(1).randbytes)
