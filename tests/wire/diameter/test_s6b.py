from hypothesis import given

from tests.wire.diameter.foreign import plain, tree, typed
from tests.wire.diameter.samples import IDENTITY, MSK, S6B_AAR, S6B_DEA, S6B_DER, numbered
from tests.wire.diameter.strategies import records
from wire.diameter import s6b, sta, swm
from wire.diameter.message import Message
from wire.diameter.s6b import DEA, DER, S6bEapAnswer, S6bEapRequest


@given(records(S6bEapRequest))
def test_requests_survive_a_round_trip(request: S6bEapRequest) -> None:
    assert S6bEapRequest.parse(Message.parse(request.message().build())) == request


@given(records(S6bEapAnswer))
def test_answers_survive_a_round_trip(answer: S6bEapAnswer) -> None:
    assert S6bEapAnswer.parse(Message.parse(answer.message(S6B_DER.message()).build())) == answer


def test_python_diameter_reads_what_s6b_adds_to_a_der() -> None:
    avps = dict(tree(plain(numbered(S6B_DER.message()).build()).avps))
    assert avps["Auth-Application-Id"] == 16777272
    assert avps["Service-Selection"] == "internet"
    assert avps["RAT-Type"] == 0
    assert avps["MIP6-Feature-Vector"] == 1
    assert avps["MIP6-Agent-Info"] == [("MIP-Home-Agent-Address", (2, "2001:db8::1"))]
    assert avps["MIP-Careof-Address"] == (1, "127.0.0.10")


def test_python_diameter_reads_what_s6b_adds_to_a_dea() -> None:
    avps = dict(tree(plain(S6B_DEA.message(numbered(S6B_DER.message())).build()).avps))
    assert avps["Mobile-Node-Identifier"] == IDENTITY
    assert avps["EAP-Master-Session-Key"] == bytes(MSK)
    assert avps["APN-Configuration"] == [
        ("Context-Identifier", 1),
        ("Served-Party-IP-Address", (2, "2001:db8:1::10")),
        ("PDN-Type", 1),
        ("Service-Selection", "internet"),
        ("MIP6-Agent-Info", [("MIP-Home-Agent-Host", [
            ("Destination-Realm", S6B_DER.origin_realm.encode()),
            ("Destination-Host", S6B_DER.origin_host.encode()),
        ])]),
        ("PDN-GW-Allocation-Type", 1),
        ("AMBR", [("Max-Requested-Bandwidth-UL", 1_000_000), ("Max-Requested-Bandwidth-DL", 2_000_000)]),
    ]  # fmt: skip


def test_s6b_has_everything_of_rfc_4072_and_more() -> None:
    assert {(462, 0), (493, 0), (487, 0), (1523, 10415)} <= set(DER)
    assert {(464, 0), (506, 0), (1430, 10415)} <= set(DEA)


def test_python_diameter_reads_an_aar_of_s6b() -> None:
    foreign = typed(numbered(S6B_AAR.message()).build())
    assert type(foreign).__name__ == "AaRequest"
    assert foreign.auth_request_type == 2
    avps = dict(tree(plain(numbered(S6B_AAR.message()).build()).avps))
    assert (avps["Service-Selection"], avps["MIP6-Feature-Vector"]) == ("internet", 1)
    assert avps["MIP6-Agent-Info"] == [("MIP-Home-Agent-Address", (2, "2001:db8::1"))]


def test_s6b_authorizes_one_apn_where_an_access_network_gets_all() -> None:
    apn = (1430, 10415)
    assert (s6b.AAA[apn].most, swm.AAA[apn].most, sta.AAA[apn].most) == (1, None, None)
