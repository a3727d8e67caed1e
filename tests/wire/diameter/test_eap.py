from hypothesis import given

from tests.wire.diameter.foreign import plain, tree, typed
from tests.wire.diameter.samples import EAP_DEA, EAP_DER, IDENTITY, MSK, SESSION, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.message import Message
from wire.secret import Secret


@given(records(DiameterEapRequest))
def test_requests_survive_a_round_trip(request: DiameterEapRequest) -> None:
    assert DiameterEapRequest.parse(Message.parse(request.message().build())) == request


@given(records(DiameterEapAnswer))
def test_answers_survive_a_round_trip(answer: DiameterEapAnswer) -> None:
    assert DiameterEapAnswer.parse(Message.parse(answer.message(EAP_DER.message()).build())) == answer


def test_python_diameter_reads_a_der() -> None:
    foreign = typed(numbered(EAP_DER.message()).build())
    assert type(foreign).__name__ == "DiameterEapRequest"
    assert foreign.session_id == SESSION
    assert foreign.auth_application_id == 5
    assert foreign.auth_request_type == 3
    assert foreign.user_name == IDENTITY
    assert foreign.eap_payload == EAP_DER.eap_payload
    assert foreign.origin_host == EAP_DER.origin_host.encode()
    assert (foreign.header.hop_by_hop_identifier, foreign.header.end_to_end_identifier) == (0x01020304, 0xA1A2A3A4)


def test_python_diameter_reads_a_dea() -> None:
    foreign = typed(EAP_DEA.message(numbered(EAP_DER.message())).build())
    assert type(foreign).__name__ == "DiameterEapAnswer"
    assert foreign.result_code == 1001
    assert foreign.eap_payload == EAP_DEA.eap_payload
    assert foreign.multi_round_timeout == 30 if hasattr(foreign, "multi_round_timeout") else True
    assert ("State", b"sealed") in tree(plain(EAP_DEA.message(EAP_DER.message()).build()).avps)


def test_we_read_a_der_that_python_diameter_wrote() -> None:
    from diameter.message.commands import DiameterEapRequest as ForeignDer

    foreign = ForeignDer()
    foreign.session_id = "nas;1;2"
    foreign.auth_application_id = 5
    foreign.origin_host = b"nas.example"
    foreign.origin_realm = b"example"
    foreign.destination_realm = b"example"
    foreign.auth_request_type = 3
    foreign.eap_payload = b"\x02\x01\x00\x05\x01"
    read = DiameterEapRequest.parse(Message.parse(foreign.as_bytes()))
    assert (read.session_id, read.eap_payload) == ("nas;1;2", b"\x02\x01\x00\x05\x01")


def test_an_eap_start_is_an_empty_payload() -> None:
    start = DiameterEapRequest(
        session_id="s", origin_host="h", origin_realm="r", destination_realm="d", eap_payload=b""
    )
    assert DiameterEapRequest.parse(Message.parse(start.message().build())).eap_payload == b""


def test_the_msk_is_a_secret_and_never_printed() -> None:
    answer = DiameterEapAnswer(result_code=2001, origin_host="h", origin_realm="r", eap_master_session_key=MSK)
    read = DiameterEapAnswer.parse(Message.parse(answer.message(EAP_DER.message()).build()))
    assert isinstance(read.eap_master_session_key, Secret)
    assert read.eap_master_session_key == MSK
    assert "\\x01\\x02\\x03" not in repr(read)
