"""Which name a UE shows, and what it keeps."""

import pytest

from tests.captures import load_run
from ue_sim.eap.temporary import ANY, FULLAUTH, PERMANENT, Kept, Names, Once, Shown, learned
from wire.eap.aka_keys import derive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.identity import EapMethod, Imsi, Plmn

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
REALM = b"nai.epc.mnc015.mcc234.3gppnetwork.org"
KEYS = derive_keys(AKA, b"0", bytes(16), bytes(16))
ONCE = Once(b"4once", KEYS, 1)
PINNED = Once(b"4once@aaa1.example", KEYS, 1)
PERMANENT_NAME = Shown(b"0234150000000002@" + REALM)


def shown(kept: Kept, rank: int, method: EapMethod = AKA) -> Shown:
    return Names(Imsi("234150000000002"), Plmn("234", "15"), kept).show(method, rank)


@pytest.mark.parametrize(
    ("kept", "rank", "name"),
    [
        (Kept(), ANY, PERMANENT_NAME),
        (Kept(b"2p"), ANY, Shown(b"2p@" + REALM)),
        (Kept(b"2p", ONCE), ANY, Shown(b"4once@" + REALM, ONCE)),
        (Kept(b"2p", PINNED), ANY, Shown(b"4once@aaa1.example", PINNED)),
        (Kept(b"2p", ONCE), FULLAUTH, Shown(b"2p@" + REALM)),
        (Kept(None, ONCE), FULLAUTH, PERMANENT_NAME),
        (Kept(b"2p", ONCE), PERMANENT, PERMANENT_NAME),
        (Kept(b"7p"), ANY, PERMANENT_NAME),
    ],
)
def test_ue_shows_the_name_that_tells_least(kept: Kept, rank: int, name: Shown) -> None:
    assert shown(kept, rank) == name


def test_ue_shows_no_name_of_another_method() -> None:
    assert shown(Kept(b"2p", ONCE), ANY, PRIME) == Shown(b"6234150000000002@" + REALM)


def test_ue_keeps_what_hostap_gave_it() -> None:
    run = load_run("aka_full_resultind_then_reauth")
    inside = Attributes(
        (Attribute(At.NEXT_PSEUDONYM, b"2" + bytes(3)), Attribute(At.NEXT_REAUTH_ID, run.exchanges[1].responses[0][5:]))
    )
    kept = learned(Kept(), inside, KEYS, 1)
    assert kept == Kept(b"2" + bytes(3), Once(b"423723f4d14ee1fff805c", KEYS, 1))


def test_ue_keeps_an_old_pseudonym_and_no_old_identity_for_once() -> None:
    assert learned(Kept(b"2old", ONCE), Attributes(), KEYS, 1) == Kept(b"2old")
    assert KEYS.mk.hex() not in repr(ONCE)
