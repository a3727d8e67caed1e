"""The table of RFC 4187 §4.1.7, row by row."""

import pytest

from aaa.eap.identity_rounds import Ask, Judge, Judgement, Known, Resume, Unknown, identity_request
from aaa.eap.states import Exchange, IdRequest
from aaa.eap.temporary import NoTemporaryIdentities
from tests.aaa.eap.dialogue import (
    AKA_IDENTITY,
    IMSI,
    PRIME_IDENTITY,
    PRIME_RESUMABLE,
    REALM,
    RESUMABLE,
    TemporaryIdentities,
)
from wire.identity import EapMethod, IdentityKind

ANY, FULLAUTH, PERMANENT = IdRequest.ANY, IdRequest.FULLAUTH, IdRequest.PERMANENT
OURS = b"2ours@" + REALM.encode()
STRANGE = b"2another@" + REALM.encode()
ONCE = b"4once@aaa1." + REALM.encode()
SPENT = b"4spent"
REAUTH = b"4another"
ENCRYPTED = b"\0QUJD"
DECORATED = f"nai.epc.mnc015.mcc234.3gppnetwork.org!0{IMSI}@nai.epc.mnc071.mcc610.3gppnetwork.org".encode()
IDENTITIES = TemporaryIdentities(
    pseudonyms={"2ours": IMSI, "7ours": IMSI},
    once={"4once": RESUMABLE, "4spent": IMSI, "8once": PRIME_RESUMABLE},
    encrypted={
        ENCRYPTED: AKA_IDENTITY,
        b"\0UFJJTUU=": PRIME_IDENTITY,
        b"\0UFNFVURPTllN": OURS,
        b"\0REVDT1JBVEVE": DECORATED,
    },
)


def permanent(identity: bytes = AKA_IDENTITY) -> Known:
    return Known(IMSI, identity, IdentityKind.PERMANENT)


OUR_PSEUDONYM = Known(IMSI, OURS, IdentityKind.PSEUDONYM)
SPENT_ONCE = Known(IMSI, SPENT, IdentityKind.REAUTHENTICATION)
WAS_ENCRYPTED = Known(IMSI, AKA_IDENTITY, IdentityKind.ENCRYPTED)
WLAN_FORM = AKA_IDENTITY.replace(b"nai.epc", b"wlan")
THREE_DIGITS = AKA_IDENTITY.replace(b"mnc015", b"mnc150")
BARE = b"0234150000000002"
LONG = b"0234150000000002@" + b"a" * 236

ROWS: list[tuple[IdRequest | None, bytes, Judgement]] = [
    # EAP-Response/Identity
    (None, AKA_IDENTITY, permanent()),
    (None, BARE, permanent(BARE)),
    (None, WLAN_FORM, permanent(WLAN_FORM)),
    (None, THREE_DIGITS, permanent(THREE_DIGITS)),
    (None, OURS, OUR_PSEUDONYM),
    (None, STRANGE, Ask(ANY)),
    (None, ONCE, Resume(RESUMABLE)),
    (None, SPENT, Ask(FULLAUTH)),
    (None, REAUTH, Ask(ANY)),
    (None, ENCRYPTED, WAS_ENCRYPTED),
    (None, b"\0strange", Ask(ANY)),
    (None, DECORATED, Ask(ANY)),
    (None, PRIME_IDENTITY, Ask(ANY)),
    (None, b"anonymous@" + REALM.encode(), Ask(ANY)),
    (None, b"0anonymous@" + REALM.encode(), Ask(ANY)),
    (None, b"", Ask(ANY)),
    (None, LONG, permanent(LONG)),
    (None, LONG + b"a", Ask(ANY)),
    (None, b"0234150000000002@a b", Ask(ANY)),
    (None, b"\xff\xfe", Ask(ANY)),
    # AT_ANY_ID_REQ
    (ANY, AKA_IDENTITY, permanent()),
    (ANY, OURS, OUR_PSEUDONYM),
    (ANY, STRANGE, Ask(PERMANENT)),
    (ANY, ONCE, Resume(RESUMABLE)),
    (ANY, SPENT, SPENT_ONCE),
    (ANY, REAUTH, Ask(FULLAUTH)),
    (ANY, ENCRYPTED, WAS_ENCRYPTED),
    (ANY, b"\0strange", Ask(FULLAUTH)),
    (ANY, b"somebody", Ask(FULLAUTH)),
    (ANY, DECORATED, Ask(FULLAUTH)),
    # AT_FULLAUTH_ID_REQ
    (FULLAUTH, AKA_IDENTITY, permanent()),
    (FULLAUTH, OURS, OUR_PSEUDONYM),
    (FULLAUTH, STRANGE, Ask(PERMANENT)),
    (FULLAUTH, ONCE, Ask(PERMANENT)),
    (FULLAUTH, REAUTH, Ask(PERMANENT)),
    (FULLAUTH, ENCRYPTED, WAS_ENCRYPTED),
    (FULLAUTH, b"somebody", Ask(PERMANENT)),
    # AT_PERMANENT_ID_REQ
    (PERMANENT, AKA_IDENTITY, permanent()),
    (PERMANENT, ENCRYPTED, WAS_ENCRYPTED),
    (PERMANENT, b"\0strange", Unknown()),
    (PERMANENT, b"\0UFJJTUU=", Unknown()),
    (PERMANENT, b"\0UFNFVURPTllN", Unknown()),
    (PERMANENT, b"\0REVDT1JBVEVE", Unknown()),
    (PERMANENT, OURS, Unknown()),
    (PERMANENT, STRANGE, Unknown()),
    (PERMANENT, ONCE, Unknown()),
    (PERMANENT, REAUTH, Unknown()),
    (PERMANENT, DECORATED, Unknown()),
    (PERMANENT, b"0not-an-imsi", Unknown()),
    (PERMANENT, b"0234150000000002@realm\n", Unknown()),
    (PERMANENT, b"0234150000000002@unreachable.3gppnetwork.org", Unknown()),
    (PERMANENT, b"0234150000000002@sos.nai.epc.mnc015.mcc234.3gppnetwork.org", Unknown()),
]


@pytest.mark.parametrize(("asked", "identity", "judgement"), ROWS)
def test_server_judges_an_identity_as_the_table_says(
    asked: IdRequest | None, identity: bytes, judgement: Judgement
) -> None:
    assert Judge(EapMethod.AKA, IDENTITIES).judge(asked, identity) == judgement


@pytest.mark.parametrize(
    ("asked", "identity", "judgement"),
    [
        (None, PRIME_IDENTITY, permanent(PRIME_IDENTITY)),
        (PERMANENT, AKA_IDENTITY, Unknown()),
        (ANY, b"8once", Resume(PRIME_RESUMABLE)),
        (ANY, b"4once", Ask(FULLAUTH)),
        (ANY, b"7ours", Known(IMSI, b"7ours", IdentityKind.PSEUDONYM)),
        (ANY, OURS, Ask(PERMANENT)),
        (ANY, b"\0UFJJTUU=", Known(IMSI, PRIME_IDENTITY, IdentityKind.ENCRYPTED)),
    ],
)
def test_server_takes_the_aka_prime_forms_within_aka_prime(
    asked: IdRequest | None, identity: bytes, judgement: Judgement
) -> None:
    assert Judge(EapMethod.AKA_PRIME, IDENTITIES).judge(asked, identity) == judgement


def test_server_says_in_which_access_network_an_identity_comes_back() -> None:
    identities = TemporaryIdentities()
    Judge(EapMethod.AKA_PRIME, identities, "WLAN").judge(None, b"8once")
    assert identities.asked == [("8once", "WLAN")]


def test_server_that_gives_out_no_identity_knows_none() -> None:
    judge = Judge(EapMethod.AKA, NoTemporaryIdentities())
    assert judge.judge(FULLAUTH, OURS) == Ask(PERMANENT)
    assert judge.judge(ANY, ONCE) == Ask(FULLAUTH)
    assert judge.judge(ANY, ENCRYPTED) == Ask(FULLAUTH)


@pytest.mark.parametrize(
    ("method", "asked", "octets"),
    [
        # requests that hostap 2.10 sent
        (EapMethod.AKA, ANY, "0120000c170500000d010000"),
        (EapMethod.AKA_PRIME, ANY, "0120000c320500000d010000"),
        (EapMethod.AKA, FULLAUTH, "0120000c1705000011010000"),
        (EapMethod.AKA, PERMANENT, "0120000c170500000a010000"),
    ],
)
def test_server_asks_with_one_attribute(method: EapMethod, asked: IdRequest, octets: str) -> None:
    assert identity_request(Exchange(method, b"", 0x20), asked) == bytes.fromhex(octets)
