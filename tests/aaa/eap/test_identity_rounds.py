"""The table of RFC 4187 §4.1.7, row by row."""

import pytest

from aaa.eap.identity_rounds import Ask, Judgement, Known, NoTemporaryIdentities, Unknown, identity_request, judge
from aaa.eap.states import Exchange, IdRequest
from tests.aaa.eap.dialogue import AKA_IDENTITY, IMSI, PRIME_IDENTITY, REALM
from wire.identity import EapMethod, Identity, Imsi

ANY, FULLAUTH, PERMANENT = IdRequest.ANY, IdRequest.FULLAUTH, IdRequest.PERMANENT
OURS = b"2ours@" + REALM.encode()
STRANGE = b"2another@" + REALM.encode()
REAUTH = b"4once"
DECORATED = f"nai.epc.mnc015.mcc234.3gppnetwork.org!0{IMSI}@nai.epc.mnc071.mcc610.3gppnetwork.org".encode()


class OnePseudonym:
    def subscriber(self, identity: Identity) -> Imsi | None:
        return IMSI if identity.nai.username == "2ours" else None


ROWS: list[tuple[IdRequest | None, bytes, Judgement]] = [
    # EAP-Response/Identity
    (None, AKA_IDENTITY, Known(IMSI)),
    (None, b"0234150000000002", Known(IMSI)),
    (None, AKA_IDENTITY.replace(b"nai.epc", b"wlan"), Known(IMSI)),
    (None, AKA_IDENTITY.replace(b"mnc015", b"mnc150"), Known(IMSI)),
    (None, OURS, Known(IMSI)),
    (None, STRANGE, Ask(ANY)),
    (None, REAUTH, Ask(ANY)),
    (None, DECORATED, Ask(ANY)),
    (None, PRIME_IDENTITY, Ask(ANY)),
    (None, b"anonymous@" + REALM.encode(), Ask(ANY)),
    (None, b"", Ask(ANY)),
    (None, b"0234150000000002@" + b"a" * 236, Known(IMSI)),
    (None, b"0234150000000002@" + b"a" * 237, Ask(ANY)),
    (None, b"0234150000000002@a b", Ask(ANY)),
    (None, b"\xff\xfe", Ask(ANY)),
    # AT_ANY_ID_REQ
    (ANY, AKA_IDENTITY, Known(IMSI)),
    (ANY, OURS, Known(IMSI)),
    (ANY, STRANGE, Ask(PERMANENT)),
    (ANY, REAUTH, Ask(FULLAUTH)),
    (ANY, b"somebody", Ask(FULLAUTH)),
    (ANY, DECORATED, Ask(FULLAUTH)),
    # AT_FULLAUTH_ID_REQ
    (FULLAUTH, AKA_IDENTITY, Known(IMSI)),
    (FULLAUTH, OURS, Known(IMSI)),
    (FULLAUTH, STRANGE, Ask(PERMANENT)),
    (FULLAUTH, REAUTH, Ask(PERMANENT)),
    (FULLAUTH, b"somebody", Ask(PERMANENT)),
    # AT_PERMANENT_ID_REQ
    (PERMANENT, AKA_IDENTITY, Known(IMSI)),
    (PERMANENT, OURS, Unknown()),
    (PERMANENT, STRANGE, Unknown()),
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
    assert judge(asked, identity, EapMethod.AKA, OnePseudonym()) == judgement


def test_server_that_gives_out_no_pseudonym_knows_none() -> None:
    assert judge(FULLAUTH, OURS, EapMethod.AKA, NoTemporaryIdentities()) == Ask(PERMANENT)


def test_server_takes_the_aka_prime_form_within_aka_prime() -> None:
    assert judge(None, PRIME_IDENTITY, EapMethod.AKA_PRIME, NoTemporaryIdentities()) == Known(IMSI)
    assert judge(PERMANENT, AKA_IDENTITY, EapMethod.AKA_PRIME, NoTemporaryIdentities()) == Unknown()


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
