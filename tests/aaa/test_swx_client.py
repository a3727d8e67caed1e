"""The SWx client: what it writes, what it makes of any answer, and our own HSS's SWx server at the other end."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv6Address

import pytest

from aaa.swx_client import REFUSALS, SwxClient
from hss.api import (
    Assignment,
    AssignmentRequest,
    Refusal,
    Resynchronisation,
    ServiceRefused,
    VectorRequest,
)
from hss.faces.swx_server import RESULTS, SwxServer
from runtime.diameter.settings import DiameterUnavailable
from tests.aaa.memory_hss import IMSI, MemoryHss, Subscriber, profile
from wire.diameter.command import ExperimentalResult, Identity
from wire.diameter.commands import COMMANDS
from wire.diameter.grammar import check
from wire.diameter.groups import GROUPS
from wire.diameter.message import Message
from wire.diameter.results import ExperimentalResultCode
from wire.diameter.swx import (
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    SipAuthDataItem,
)
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

AAA, HSS = Identity("aaa.example", "example"), Identity("hss.example", "example")
ASK = VectorRequest(IMSI, AAA.origin_host)
REGISTER = AssignmentRequest(IMSI, AAA.origin_host, Assignment.REGISTRATION)
ITEM = SipAuthDataItem(
    item_number=1,
    authentication_scheme="EAP-AKA",
    authenticate=bytes(32),
    authorization=Secret(b"xresxres"),
    confidentiality_key=Secret(bytes(16)),
    integrity_key=Secret(bytes(16)),
)


class Played:
    """Carries requests to `answer`, through their octets."""

    def __init__(self, answer: Callable[[Message], Message]) -> None:
        self.answer = answer
        self.requests: list[Message] = []

    async def request(self, message: Message, /) -> Message:
        arrived = Message.parse(message.numbered(hop_by_hop=1, end_to_end=1).build())
        check(COMMANDS[arrived.application, arrived.command].request, arrived.avps, groups=GROUPS)
        self.requests.append(arrived)
        return Message.parse(self.answer(arrived).build())


class Served:
    """Carries requests to our own SWx server."""

    def __init__(self, hss: MemoryHss) -> None:
        self.server = SwxServer(hss, HSS)

    async def request(self, message: Message, /) -> Message:
        arrived = Message.parse(message.numbered(hop_by_hop=1, end_to_end=1).build())
        return Message.parse((await self.server.serve("aaa", arrived)).build())


class Silent:
    async def request(self, _message: Message, /) -> Message:
        raise DiameterUnavailable("not connected to hss.example")


def client_of(asker: Played | Served | Silent) -> SwxClient:
    return SwxClient(asker, identity=AAA, hss=HSS, started=77)


def maa(**values: object) -> MultimediaAuthAnswer:
    empty = MultimediaAuthAnswer(origin_host=HSS.origin_host, origin_realm=HSS.origin_realm, user_name=str(IMSI))
    return replace(empty, **values)  # type: ignore[arg-type]


def played(answer: MultimediaAuthAnswer | ServerAssignmentAnswer) -> Played:
    return Played(answer.message)


async def refused_by(answer: MultimediaAuthAnswer, request: VectorRequest = ASK) -> ServiceRefused:
    with pytest.raises(ServiceRefused) as caught:
        await client_of(played(answer)).vectors(request)
    return caught.value


# What is asked


@pytest.mark.parametrize(("has_failed", "said"), [(False, None), (True, 1)])
async def test_client_says_that_another_aaa_server_has_failed(has_failed: bool, said: int | None) -> None:
    asker = played(maa(result_code=2001, auth_data_items=(ITEM,)))
    await client_of(asker).vectors(replace(ASK, aaa_failure=has_failed))
    assert MultimediaAuthRequest.parse(asker.requests[0]).aaa_failure_indication == said


async def test_client_asks_for_vectors_of_aka_prime() -> None:
    asker = played(maa(result_code=2001, auth_data_items=(ITEM,)))
    await client_of(asker).vectors(replace(ASK, method=EapMethod.AKA_PRIME, network_name="WLAN", count=2))
    mar = MultimediaAuthRequest.parse(asker.requests[0])
    assert (mar.user_name, mar.anid, mar.number_auth_items) == (str(IMSI), "WLAN", 2)
    assert mar.auth_data_item == SipAuthDataItem(authentication_scheme="EAP-AKA'")
    assert (mar.origin_host, mar.destination_host, mar.destination_realm) == (
        AAA.origin_host,
        HSS.origin_host,
        "example",
    )


async def test_client_has_no_scheme_for_what_is_no_eap() -> None:
    asker = played(maa(result_code=2001, auth_data_items=(ITEM,)))
    await client_of(asker).vectors(replace(ASK, method=None))
    assert MultimediaAuthRequest.parse(asker.requests[0]).auth_data_item == SipAuthDataItem()


async def test_client_asks_for_a_resynchronisation() -> None:
    asker = played(maa(result_code=2001, auth_data_items=(ITEM,)))
    again = Resynchronisation(bytes(range(16)), bytes(range(14)))
    await client_of(asker).vectors(replace(ASK, resynchronisation=again))
    item = MultimediaAuthRequest.parse(asker.requests[0]).auth_data_item
    assert item.authorization == again.rand + again.auts


async def test_client_gives_every_request_a_session_of_its_own() -> None:
    asker = played(maa(result_code=2001, auth_data_items=(ITEM,)))
    client = client_of(asker)
    await client.vectors(ASK)
    await client.vectors(ASK)
    assert [one.text("Session-Id") for one in asker.requests] == ["aaa.example;77;1", "aaa.example;77;2"]


async def test_client_registers_and_names_no_apn() -> None:
    empty = ServerAssignmentAnswer(
        result_code=2001, origin_host=HSS.origin_host, origin_realm=HSS.origin_realm, user_name=str(IMSI)
    )
    asker = played(empty)
    assert await client_of(asker).assign(replace(REGISTER, apn="internet")) is None
    sar = ServerAssignmentRequest.parse(asker.requests[0])
    assert (sar.server_assignment_type, sar.service_selection, sar.mip6_agent_info) == (1, None, None)


async def test_client_reports_the_pdn_gw_of_an_apn() -> None:
    empty = ServerAssignmentAnswer(
        result_code=2001, origin_host=HSS.origin_host, origin_realm=HSS.origin_realm, user_name=str(IMSI)
    )
    asker = played(empty)
    gateway = IPv6Address("2001:db8::1")
    await client_of(asker).assign(AssignmentRequest(IMSI, "aaa", Assignment.PGW_UPDATE, "internet", gateway))
    sar = ServerAssignmentRequest.parse(asker.requests[0])
    assert (sar.server_assignment_type, sar.service_selection) == (13, "internet")
    assert sar.mip6_agent_info is not None
    assert sar.mip6_agent_info.home_agent_addresses == (gateway,)


# What is answered


async def test_client_uses_vectors_in_the_order_of_their_numbers() -> None:
    items = tuple(replace(ITEM, item_number=n, authenticate=bytes([n]) * 32) for n in (3, 1, 2))
    vectors = await client_of(played(maa(result_code=2001, auth_data_items=items))).vectors(ASK)
    assert [one.rand[0] for one in vectors] == [1, 2, 3]


@pytest.mark.parametrize(
    "items",
    [
        (),
        (replace(ITEM, authenticate=None),),
        (replace(ITEM, authenticate=bytes(31)),),
        (replace(ITEM, authorization=Secret(b"xyz")),),
        (replace(ITEM, confidentiality_key=Secret(bytes(15))),),
        (replace(ITEM, integrity_key=None),),
    ],
)
async def test_client_takes_no_vector_that_is_not_whole(items: tuple[SipAuthDataItem, ...]) -> None:
    refused = await refused_by(maa(result_code=2001, auth_data_items=items))
    assert refused.refusal is Refusal.UNAVAILABLE
    assert "xyz" not in str(refused)


@pytest.mark.parametrize("code", [code for code in REFUSALS if isinstance(code, ExperimentalResultCode)])
async def test_client_reads_every_experimental_result(code: ExperimentalResultCode) -> None:
    refused = await refused_by(maa(experimental_result=ExperimentalResult(code=code), error_message="why"))
    assert refused.refusal is REFUSALS[code]
    assert refused.detail == f"{int(code)} {code.name} (3GPP): why"


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        (3002, Refusal.UNAVAILABLE),
        (3003, Refusal.UNAVAILABLE),
        (3004, Refusal.TOO_BUSY),
        (5003, Refusal.SUBSCRIBER_BARRED),
        # As a Result-Code 5001 is an unsupported AVP, not an unknown user.
        (5001, Refusal.INVALID_REQUEST),
        (5012, Refusal.INVALID_REQUEST),
        (5999, Refusal.INVALID_REQUEST),
    ],
)
async def test_client_reads_every_result(code: int, refusal: Refusal) -> None:
    assert (await refused_by(maa(result_code=code))).refusal is refusal


async def test_client_reads_an_unknown_experimental_result() -> None:
    refused = await refused_by(maa(experimental_result=ExperimentalResult(code=5999)))
    assert refused.refusal is Refusal.INVALID_REQUEST


async def test_client_knows_which_server_serves_the_user() -> None:
    result = ExperimentalResult(code=ExperimentalResultCode.IDENTITY_ALREADY_REGISTERED)
    refused = await refused_by(maa(experimental_result=result, aaa_server_name="other.example"))
    assert (refused.refusal, refused.serving_aaa) == (Refusal.REGISTERED_ELSEWHERE, "other.example")


async def test_client_tells_a_refused_resynchronisation_from_a_missing_vector() -> None:
    answer = maa(experimental_result=ExperimentalResult(code=4181))
    assert (await refused_by(answer)).refusal is Refusal.UNAVAILABLE
    again = replace(ASK, resynchronisation=Resynchronisation(bytes(16), bytes(14)))
    assert (await refused_by(answer, again)).refusal is Refusal.RESYNCHRONISATION_REJECTED


async def test_client_without_an_hss_is_refused_as_unavailable() -> None:
    for call in (client_of(Silent()).vectors(ASK), client_of(Silent()).assign(REGISTER)):
        with pytest.raises(ServiceRefused, match="not connected to hss") as caught:
            await call
        assert caught.value.refusal is Refusal.UNAVAILABLE


async def test_client_takes_a_malformed_answer_for_none() -> None:
    def twice(request: Message) -> Message:
        answer = maa(result_code=2001).message(request)
        return answer.with_avps((*answer.avps, *answer.avps))

    with pytest.raises(ServiceRefused, match="malformed") as caught:
        await client_of(Played(twice)).vectors(ASK)
    assert caught.value.refusal is Refusal.UNAVAILABLE


# Our own HSS


@pytest.mark.parametrize(("method", "name"), [(EapMethod.AKA, None), (EapMethod.AKA_PRIME, "WLAN")])
async def test_client_gets_the_very_vectors_that_the_hss_made(method: EapMethod, name: str | None) -> None:
    request = replace(ASK, method=method, network_name=name)
    assert await client_of(Served(MemoryHss())).vectors(request) == (MemoryHss().vector(request),)


async def test_client_gets_the_very_profile_that_the_hss_has() -> None:
    hss = MemoryHss()
    assert await client_of(Served(hss)).assign(REGISTER) == profile()
    assert [one.assignment for one in hss.assignments] == [Assignment.REGISTRATION]


@pytest.mark.parametrize("refusal", list(RESULTS))
async def test_client_reads_back_what_our_hss_refuses(refusal: Refusal) -> None:
    hss = MemoryHss()
    hss.refuse_vectors = ServiceRefused(refusal, "why", "other" if refusal is Refusal.REGISTERED_ELSEWHERE else None)
    again = Resynchronisation(bytes(16), bytes(14)) if refusal is Refusal.RESYNCHRONISATION_REJECTED else None
    with pytest.raises(ServiceRefused) as caught:
        await client_of(Served(hss)).vectors(replace(ASK, resynchronisation=again))
    assert caught.value.refusal is refusal


async def test_client_asks_our_hss_for_a_stranger() -> None:
    hss = MemoryHss(Subscriber(profile()))
    with pytest.raises(ServiceRefused) as caught:
        await client_of(Served(hss)).vectors(replace(ASK, imsi=Imsi("001010000000009")))
    assert caught.value.refusal is Refusal.USER_UNKNOWN
