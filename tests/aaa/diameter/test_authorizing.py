"""AAR: the profile of this moment decides."""

from dataclasses import replace
from ipaddress import IPv6Address
from typing import Any

import pytest
from structlog.testing import capture_logs

from aaa.diameter.authorizing import Authorizing
from aaa.registrar import Registrar
from aaa.user_sessions import MemoryUserSessions, UserSession
from hss.api import Ambr, ApnProfile, Assignment, Profile, Refusal, ServiceRefused
from tests.aaa.diameter.samples import AAA, conforming, numbered
from tests.aaa.memory_hss import IMSI, INTERNET, MemoryHss, Subscriber, profile
from tests.aaa.test_user_sessions import ONE
from wire.diameter.applications import Application
from wire.diameter.authorization import AaAnswer, AaRequest
from wire.diameter.avp import AvpFault
from wire.diameter.enumerations import AuthRequestType
from wire.diameter.message import Message
from wire.diameter.profile import Mip6AgentInfo

IMS = ApnProfile(2, "ims")


def aar(session: UserSession = ONE, **fields: Any) -> Message:  # noqa: ANN401
    request = AaRequest(
        session_id=session.session_id,
        auth_application_id=session.application,
        origin_host=session.origin_host,
        origin_realm=session.origin_realm,
        destination_realm=AAA.origin_realm,
        **fields,
    )
    return numbered(request.message())


class Desk:
    def __init__(self) -> None:
        self.hss, self.sessions = MemoryHss(), MemoryUserSessions()
        self.registrar = Registrar(self.hss, "aaa.example", self.sessions)
        self.authorizing = Authorizing(AAA, self.sessions, self.registrar)

    async def ask(self, session: UserSession = ONE, **fields: Any) -> AaAnswer:  # noqa: ANN401
        await self.sessions.keep(session)
        message = await self.authorizing.serve("pgw", aar(session, **fields))
        answer = AaAnswer.parse(conforming(message) if message.result_code == 2001 else message)
        await self.registrar.close()
        return answer


async def test_gateway_gets_its_apn_as_it_is_now() -> None:
    desk = Desk()
    new = profile(replace(INTERNET, ambr=Ambr(1, 2)), IMS)
    desk.hss.subscribers[IMSI] = Subscriber(new)
    answer = await desk.ask()
    assert (answer.result_code, answer.session_timeout) == (2001, 3600)
    (apn,) = answer.apn_configurations
    assert apn.ambr is not None
    assert (apn.service_selection, apn.ambr.uplink) == ("internet", 1)
    assert await desk.sessions.find(ONE.session_id) == replace(ONE, profile=new)
    assert [one.assignment for one in desk.hss.assignments] == [Assignment.USER_DATA_REQUEST]


@pytest.mark.parametrize("application", [Application.SWM, Application.STA])
async def test_access_network_gets_every_apn(application: Application) -> None:
    desk = Desk()
    desk.hss.subscribers[IMSI] = Subscriber(profile(INTERNET, IMS))
    answer = await desk.ask(replace(ONE, application=application))
    assert [apn.service_selection for apn in answer.apn_configurations] == ["internet", "ims"]
    assert answer.context_identifier == 1


async def test_gateway_says_its_address_and_its_apn_anew() -> None:
    desk = Desk()
    desk.hss.subscribers[IMSI] = Subscriber(profile(INTERNET, IMS))
    address = IPv6Address("2001:db8::9")
    agent = Mip6AgentInfo(home_agent_addresses=(address,))
    answer = await desk.ask(service_selection="ims", mip6_agent_info=agent, mip6_feature_vector=1)
    assert (answer.apn_configurations[0].service_selection, answer.mip6_feature_vector) == ("ims", 1)
    update = desk.hss.assignments[-1]
    assert (update.assignment, update.apn, update.pdn_gw) == (Assignment.PGW_UPDATE, "ims", address)


@pytest.mark.parametrize(
    ("subscriber", "refused", "result", "experimental"),
    [
        (Subscriber(profile(IMS)), None, None, 5451),
        (Subscriber(replace(profile(), rat_types_refused=frozenset({0}))), None, None, 5452),
        (Subscriber(replace(profile(), apns=())), None, None, 5450),
        (Subscriber(profile()), ServiceRefused(Refusal.USER_UNKNOWN), None, 5001),
        (Subscriber(profile()), ServiceRefused(Refusal.SUBSCRIBER_BARRED), 5003, None),
        (Subscriber(profile()), ServiceRefused(Refusal.UNAVAILABLE, "gone"), 5012, None),
    ],
)
async def test_what_is_not_subscribed_any_more_is_refused(
    subscriber: Subscriber, refused: ServiceRefused | None, result: int | None, experimental: int | None
) -> None:
    desk = Desk()
    desk.hss.subscribers[IMSI], desk.hss.refuse_assign = subscriber, refused
    with capture_logs() as lines:
        answer = await desk.ask()
    code = answer.experimental_result and answer.experimental_result.code
    assert (answer.result_code, code) == (result, experimental)
    assert [line["event"] for line in lines] == ["authorization refused"]


@pytest.mark.parametrize("over", [False, True], ids=["ending", "over"])
async def test_session_that_ends_while_the_hss_is_asked_is_5002_and_stays_so(*, over: bool) -> None:
    desk = Desk()

    class Ending(Registrar):
        async def profile(self, session: UserSession) -> Profile | None:
            await desk.sessions.change(replace(session, ending=True))
            if over:
                await desk.sessions.end(session.session_id)
            return await super().profile(session)

    desk.authorizing = Authorizing(AAA, desk.sessions, Ending(desk.hss, "aaa.example", desk.sessions))
    with pytest.raises(AvpFault) as caught:
        await desk.ask()
    assert caught.value.result == 5002
    assert await desk.sessions.find(ONE.session_id) == (None if over else replace(ONE, ending=True))


@pytest.mark.parametrize("kept", [None, replace(ONE, peer="another"), replace(ONE, ending=True)])
async def test_session_that_is_not_there_is_5002(kept: UserSession | None) -> None:
    desk = Desk()
    if kept is not None:
        await desk.sessions.keep(kept)
    with pytest.raises(AvpFault) as caught:
        await desk.authorizing.serve("pgw", aar())
    assert caught.value.result == 5002


async def test_aar_that_wants_an_authentication_is_5004() -> None:
    desk = Desk()
    with pytest.raises(AvpFault) as caught:
        await desk.ask(auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE)
    assert (caught.value.result, len(caught.value.failed)) == (5004, 1)
