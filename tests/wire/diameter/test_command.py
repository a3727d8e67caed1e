from tests.wire.diameter.samples import AAA, EAP_DEA, EAP_DER, MAR, REFUSED, SESSION, numbered
from wire.diameter.avp import Avp
from wire.diameter.command import ExperimentalResult, error_answer
from wire.diameter.eap import DiameterEapAnswer
from wire.diameter.message import FLAG_ERROR, FLAG_PROXIABLE, Message
from wire.diameter.results import ResultCode
from wire.diameter.swx import MultimediaAuthAnswer
from wire.diameter.values import make

REQUEST = numbered(EAP_DER.message())


def test_an_answer_takes_its_identifiers_from_the_request() -> None:
    answer = EAP_DEA.message(REQUEST)
    assert not answer.is_request
    assert (answer.command, answer.application) == (268, 5)
    assert (answer.hop_by_hop, answer.end_to_end) == (0x01020304, 0xA1A2A3A4)
    assert answer.flags == FLAG_PROXIABLE


def test_an_answer_brings_proxy_info_back() -> None:
    proxy = make("Proxy-Info", (make("Proxy-Host", "p"), make("Proxy-State", b"1")))
    answer = EAP_DEA.message(REQUEST.with_avps((*REQUEST.avps, proxy)))
    assert answer.avps[-1] == proxy


def test_a_protocol_error_sets_the_e_bit() -> None:
    busy = DiameterEapAnswer(result_code=3004, origin_host="a", origin_realm="b").message(REQUEST)
    assert busy.is_error
    assert not EAP_DEA.message(REQUEST).is_error


def test_results_are_read_from_either_avp() -> None:
    assert EAP_DEA.result == "1001 MULTI_ROUND_AUTH"
    assert not EAP_DEA.succeeded
    assert REFUSED.result == "5001 USER_UNKNOWN (3GPP)"
    assert not REFUSED.succeeded
    assert DiameterEapAnswer(result_code=2001, origin_host="a", origin_realm="b").succeeded
    again = MultimediaAuthAnswer.parse(Message.parse(REFUSED.message(numbered(MAR.message())).build()))
    assert again.experimental_result == ExperimentalResult(code=5001)


def test_an_error_answer_has_the_format_of_rfc_6733_section_7_2() -> None:
    failed = Avp(99, 65001, 0xC0, b"?")
    answer = error_answer(REQUEST, AAA.identity, ResultCode.AVP_UNSUPPORTED, failed=(failed,), reason="unknown")
    assert answer.flags == FLAG_ERROR | FLAG_PROXIABLE
    assert answer.text("Session-Id") == SESSION
    assert answer.text("Origin-Host") == AAA.origin_host
    assert answer.result_code == 5001
    assert answer.value("Failed-AVP") == (failed,)
    assert answer.text("Error-Message") == "unknown"


def test_a_transient_failure_leaves_the_e_bit_clear() -> None:
    assert not error_answer(REQUEST, AAA.identity, ResultCode.OUT_OF_SPACE).is_error


def test_an_error_answer_needs_no_session() -> None:
    bare = REQUEST.with_avps(())
    assert error_answer(bare, AAA.identity, ResultCode.UNSUPPORTED_VERSION).first("Session-Id") is None
