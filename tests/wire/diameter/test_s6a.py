from hypothesis import given

from tests.wire.diameter.foreign import plain, tree
from tests.wire.diameter.samples import AIA, AIR, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.masking import mask_keys
from wire.diameter.message import Message
from wire.diameter.s6a import AuthenticationInformationAnswer, AuthenticationInformationRequest
from wire.secret import Secret

KEYS = (b"X" * 8, b"K" * 32, b"Y" * 8, b"C" * 16, b"I" * 16)


@given(records(AuthenticationInformationRequest))
def test_air_survives_a_round_trip(request: AuthenticationInformationRequest) -> None:
    assert AuthenticationInformationRequest.parse(Message.parse(request.message().build())) == request


@given(records(AuthenticationInformationAnswer))
def test_aia_survives_a_round_trip(answer: AuthenticationInformationAnswer) -> None:
    assert AuthenticationInformationAnswer.parse(Message.parse(answer.message(AIR.message()).build())) == answer


def test_python_diameter_reads_what_a_mme_asks() -> None:
    message = numbered(AIR.message())
    assert (message.command, message.application, message.flags) == (318, 16777251, 0xC0)
    avps = dict(tree(plain(message.build()).avps))
    assert avps["Vendor-Specific-Application-Id"] == [("Vendor-Id", 10415), ("Auth-Application-Id", 16777251)]
    assert (avps["Auth-Session-State"], avps["Visited-PLMN-Id"]) == (1, b"\x00\xf1\x10")
    assert avps["Requested-EUTRAN-Authentication-Info"] == [
        ("Number-Of-Requested-Vectors", 2),
        ("Immediate-Response-Preferred", 0),
        ("Re-Synchronization-Info", bytes(30)),
    ]
    assert avps["Requested-UTRAN-GERAN-Authentication-Info"] == [("Number-Of-Requested-Vectors", 1)]


def test_python_diameter_reads_the_vectors() -> None:
    avps = dict(tree(plain(AIA.message(numbered(AIR.message())).build()).avps))
    assert avps["Authentication-Info"] == [
        (
            "E-UTRAN-Vector",
            [("Item-Number", 1), ("RAND", b"R" * 16), ("XRES", b"X" * 8), ("AUTN", b"A" * 16), ("KASME", b"K" * 32)],
        ),
        (
            "UTRAN-Vector",
            [
                ("Item-Number", 2),
                ("RAND", b"S" * 16),
                ("XRES", b"Y" * 8),
                ("AUTN", b"B" * 16),
                ("Confidentiality-Key", b"C" * 16),
                ("Integrity-Key", b"I" * 16),
            ],
        ),
    ]


def test_keys_of_a_vector_are_secrets_and_reach_no_capture() -> None:
    octets = AIA.message(numbered(AIR.message())).build()
    read = AuthenticationInformationAnswer.parse(Message.parse(octets))
    info = read.authentication_info
    assert info is not None
    (eps,), (umts,) = info.e_utran_vectors, info.utran_vectors
    assert all(isinstance(key, Secret) for key in (eps.xres, eps.kasme, umts.xres, umts.confidentiality_key))
    shown = repr(read) + repr(Message.parse(octets))
    masked = mask_keys(octets)
    for key in KEYS:
        assert key in octets
        assert key not in masked
        assert key.decode() not in shown
