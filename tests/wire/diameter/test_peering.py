from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.foreign import plain, tree, typed
from tests.wire.diameter.samples import CEA, CER, DPR, DWR, GATEWAY, REALM, numbered
from tests.wire.diameter.strategies import records
from wire.diameter.command import Answer, Request
from wire.diameter.enumerations import DisconnectCause
from wire.diameter.message import Message
from wire.diameter.peering import (
    CapabilitiesExchangeAnswer,
    CapabilitiesExchangeRequest,
    DeviceWatchdogAnswer,
    DeviceWatchdogRequest,
    DisconnectPeerAnswer,
    DisconnectPeerRequest,
)

REQUESTS = (CapabilitiesExchangeRequest, DeviceWatchdogRequest, DisconnectPeerRequest)
ANSWERS = (CapabilitiesExchangeAnswer, DeviceWatchdogAnswer, DisconnectPeerAnswer)


@given(st.one_of([records(kind) for kind in REQUESTS]))
def test_requests_survive_a_round_trip(request: Request) -> None:
    assert type(request).parse(Message.parse(request.message().build())) == request


@given(st.one_of([records(kind) for kind in ANSWERS]))
def test_answers_survive_a_round_trip(answer: Answer) -> None:
    assert type(answer).parse(Message.parse(answer.message(DWR.message()).build())) == answer


def test_python_diameter_reads_a_cer() -> None:
    foreign = typed(numbered(CER.message()).build())
    assert type(foreign).__name__ == "CapabilitiesExchangeRequest"
    assert foreign.origin_host == GATEWAY.origin_host.encode()
    assert foreign.origin_realm == REALM.encode()
    assert foreign.host_ip_address == [(1, "127.0.0.1"), (2, "::1")]
    assert foreign.auth_application_id == [5]
    assert foreign.supported_vendor_id == [10415]
    assert [each.auth_application_id for each in foreign.vendor_specific_application_id] == [16777272]


def test_python_diameter_reads_cea_dwr_and_dpr() -> None:
    cea = typed(CEA.message(numbered(CER.message())).build())
    assert (cea.result_code, cea.auth_application_id) == (2001, [5])
    assert dict(tree(plain(numbered(DWR.message()).build()).avps))["Origin-State-Id"] == 7
    assert typed(numbered(DPR.message()).build()).disconnect_cause == 0


@pytest.mark.parametrize("request_", [CER, DWR, DPR], ids=["CER", "DWR", "DPR"])
def test_peer_requests_are_never_proxiable(request_: Request) -> None:
    assert request_.message().flags == 0x80
    assert request_.message().application == 0


def test_addresses_and_causes_are_typed() -> None:
    read = CapabilitiesExchangeRequest.parse(Message.parse(CER.message().build()))
    assert read.host_ip_addresses == (IPv4Address("127.0.0.1"), IPv6Address("::1"))
    assert DisconnectPeerRequest.parse(DPR.message()).disconnect_cause is DisconnectCause.REBOOTING
