from ipaddress import IPv4Address

from tests.wire.diameter.samples import AAA, DPR, DWR, numbered
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.peer_messages import PeerMessages
from wire.diameter.peering import DeviceWatchdogAnswer, DisconnectPeerRequest
from wire.diameter.results import ResultCode
from wire.diameter.transactions import Identifiers


def messages() -> PeerMessages:
    return PeerMessages(AAA, Identifiers(bytes))


def test_each_request_expects_its_answer_once() -> None:
    ours = messages()
    request = ours.watchdog_request()
    answer = DeviceWatchdogAnswer(result_code=2001, origin_host="h", origin_realm="r").message(request)
    assert not ours.expected(answer.numbered(hop_by_hop=77, end_to_end=1))
    assert ours.expected(answer)
    assert not ours.expected(answer)


def test_a_gone_connection_expects_nothing() -> None:
    ours = messages()
    answer = DeviceWatchdogAnswer(result_code=2001, origin_host="h", origin_realm="r").message(ours.watchdog_request())
    ours.forget()
    assert not ours.expected(answer)


def test_cer_names_the_address_and_dpr_the_cause() -> None:
    ours = messages()
    assert ours.capabilities_request(IPv4Address("192.0.2.7")).value("Host-IP-Address") == IPv4Address("192.0.2.7")
    request = DisconnectPeerRequest.parse(ours.disconnect_request(DisconnectCause.BUSY))
    assert request.disconnect_cause is DisconnectCause.BUSY


def test_dwr_and_dpr_are_answered() -> None:
    ours = messages()
    for request in (numbered(DWR.message()), numbered(DPR.message())):
        answer = ours.answer(request)
        assert (answer.command, answer.hop_by_hop) == (request.command, request.hop_by_hop)
        assert answer.result_code == ResultCode.SUCCESS
        assert answer.text("Origin-Host") == AAA.origin_host


def test_a_malformed_dpr_is_answered_with_what_is_wrong() -> None:
    request = numbered(DPR.message())
    answer = messages().answer(request.with_avps(avp for avp in request.avps if avp.code != 273))
    assert answer.result_code == ResultCode.MISSING_AVP
