from hypothesis import given

from tests.wire.diameter.foreign import plain, tree
from tests.wire.diameter.samples import AAA, MAA, MAR, PPR, RTR, SAA, SAR, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.message import Message
from wire.diameter.swx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    PushProfileAnswer,
    PushProfileRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
)
from wire.secret import Secret


@given(records(MultimediaAuthRequest))
def test_mar_survives_a_round_trip(request: MultimediaAuthRequest) -> None:
    assert MultimediaAuthRequest.parse(Message.parse(request.message().build())) == request


@given(records(MultimediaAuthAnswer))
def test_maa_survives_a_round_trip(answer: MultimediaAuthAnswer) -> None:
    assert MultimediaAuthAnswer.parse(Message.parse(answer.message(MAR.message()).build())) == answer


@given(records(ServerAssignmentRequest))
def test_sar_survives_a_round_trip(request: ServerAssignmentRequest) -> None:
    assert ServerAssignmentRequest.parse(Message.parse(request.message().build())) == request


@given(records(ServerAssignmentAnswer))
def test_saa_survives_a_round_trip(answer: ServerAssignmentAnswer) -> None:
    assert ServerAssignmentAnswer.parse(Message.parse(answer.message(SAR.message()).build())) == answer


@given(records(RegistrationTerminationRequest))
def test_rtr_survives_a_round_trip(request: RegistrationTerminationRequest) -> None:
    assert RegistrationTerminationRequest.parse(Message.parse(request.message().build())) == request


@given(records(RegistrationTerminationAnswer))
def test_rta_survives_a_round_trip(answer: RegistrationTerminationAnswer) -> None:
    assert RegistrationTerminationAnswer.parse(Message.parse(answer.message(RTR.message()).build())) == answer


@given(records(PushProfileRequest))
def test_ppr_survives_a_round_trip(request: PushProfileRequest) -> None:
    assert PushProfileRequest.parse(Message.parse(request.message().build())) == request


@given(records(PushProfileAnswer))
def test_ppa_survives_a_round_trip(answer: PushProfileAnswer) -> None:
    assert PushProfileAnswer.parse(Message.parse(answer.message(PPR.message()).build())) == answer


def test_python_diameter_reads_why_a_rtr_deregisters() -> None:
    message = numbered(RTR.message())
    assert (message.command, message.application, message.flags) == (304, 16777265, 0xC0)
    avps = dict(tree(plain(message.build()).avps))
    assert avps["Deregistration-Reason"] == [("Reason-Code", 0), ("Reason-Info", "barred")]
    assert avps["Destination-Host"] == AAA.origin_host.encode()


def test_python_diameter_reads_the_profile_of_a_ppr() -> None:
    message = numbered(PPR.message())
    assert (message.command, message.application, message.flags) == (305, 16777265, 0xC0)
    avps = dict(tree(plain(message.build()).avps))
    assert isinstance(avps["Non-3GPP-User-Data"], list)
    assert dict(avps["Non-3GPP-User-Data"])["Context-Identifier"] == 1


def test_a_mar_carries_the_3gpp_avps_and_not_those_of_rfc_4740() -> None:
    message = numbered(MAR.message())
    assert (message.command, message.application, message.flags) == (303, 16777265, 0xC0)
    codes = {(avp.code, avp.vendor) for avp in message.avps}
    assert {(612, 10415), (607, 10415), (1504, 10415), (1032, 10415), (260, 0), (277, 0)} <= codes
    assert not any(vendor == 0 and 368 <= code <= 392 for code, vendor in codes)
    avps = dict(tree(plain(message.build()).avps))
    assert avps["Vendor-Specific-Application-Id"] == [("Vendor-Id", 10415), ("Auth-Application-Id", 16777265)]
    assert avps["Auth-Session-State"] == 1
    assert avps["SIP-Auth-Data-Item"] == [("SIP-Authentication-Scheme", "EAP-AKA'"), ("SIP-Authorization", bytes(30))]


def test_python_diameter_reads_the_vector_of_a_maa() -> None:
    avps = dict(tree(plain(MAA.message(numbered(MAR.message())).build()).avps))
    assert avps["SIP-Auth-Data-Item"] == [
        ("SIP-Item-Number", 1),
        ("SIP-Authentication-Scheme", "EAP-AKA"),
        ("SIP-Authenticate", b"R" * 16 + b"A" * 16),
        ("SIP-Authorization", b"X" * 8),
        ("Confidentiality-Key", b"C" * 16),
        ("Integrity-Key", b"I" * 16),
    ]


def test_python_diameter_reads_the_profile_of_a_saa() -> None:
    avps = dict(tree(plain(SAA.message(numbered(SAR.message())).build()).avps))
    assert isinstance(avps["Non-3GPP-User-Data"], list)
    profile = dict(avps["Non-3GPP-User-Data"])
    assert profile["Non-3GPP-IP-Access"] == 0
    assert profile["Subscription-Id"] == [("Subscription-Id-Type", 0), ("Subscription-Id-Data", "49170123456")]


def test_keys_of_a_vector_are_secrets_and_never_printed() -> None:
    read = MultimediaAuthAnswer.parse(Message.parse(MAA.message(MAR.message()).build()))
    item = read.auth_data_items[0]
    for key in (item.authorization, item.confidentiality_key, item.integrity_key):
        assert isinstance(key, Secret)
    for text in ("XXXX", "CCCC", "IIII"):
        assert text not in repr(read) + repr(MAA.message(MAR.message()))
