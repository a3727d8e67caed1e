"""RTR ends a user's sessions at the gateways that hold them; PPR changes what they may have."""

from dataclasses import replace
from datetime import datetime
from ipaddress import IPv6Address

import pytest
from structlog.testing import capture_logs

from aaa.diameter.gateways import Gateways
from aaa.registrar import Registrar
from aaa.swx_requests import SwxRequests
from aaa.user_sessions import MemoryUserSessions, UserSession
from hss.active_api import Presence
from hss.api import Ambr, ApnProfile, Assignment, Profile
from hss.session_api import LedgerUnavailable, Session
from hss.telling.swx_profile import user_data
from tests.aaa.diameter.test_gateways import Gateway
from tests.aaa.memory_hss import IMSI, INTERNET, MemoryHss, profile
from tests.aaa.radius.test_dynamic import session as at_nas_session
from tests.aaa.test_user_sessions import ONE, TWO
from tests.hss.sessions.events import NOON
from tests.wire.diameter.samples import MAR, PPR, RTR, numbered
from wire.diameter.admission import check_answer
from wire.diameter.avp import AvpFault
from wire.diameter.command import Identity
from wire.diameter.enumerations import Non3gppIpAccess, ReasonCode
from wire.diameter.message import Message
from wire.diameter.profile import Non3gppUserData
from wire.diameter.sessions import AbortSessionRequest, ReAuthRequest, SessionCommand
from wire.diameter.swx import DeregistrationReason, RegistrationTerminationAnswer
from wire.identity import Imsi

AAA = Identity("aaa.example", "example")
IMS = ApnProfile(2, "ims")


class Desk:
    """The requests of an HSS about one user, and the gateways that hear of it."""

    def __init__(self, result: int | None = 2001, at_nas: "AtNas | None" = None) -> None:
        self.hss, self.sessions, self.gateway = MemoryHss(), MemoryUserSessions(), Gateway(result)
        self.registrar = Registrar(self.hss, AAA.origin_host, self.sessions)
        self.requests = SwxRequests(AAA, self.sessions, Gateways(AAA, self.gateway.ask), self.registrar, at_nas)

    async def holding(self, *sessions: UserSession) -> "Desk":
        for session in sessions:
            await self.sessions.keep(session)
        return self

    async def told(self, message: Message) -> RegistrationTerminationAnswer:
        answer = Message.parse((await self.requests.serve("hss", message)).build())
        check_answer(answer)
        assert (answer.command, answer.hop_by_hop) == (message.command, message.hop_by_hop)
        await self.registrar.close()
        return RegistrationTerminationAnswer.parse(answer)

    @property
    def asked(self) -> list[tuple[str, str]]:
        names = {SessionCommand.ABORT_SESSION: "ASR", SessionCommand.RE_AUTH: "RAR"}
        return [(peer, names[SessionCommand(message.command)]) for peer, message in self.gateway.asked]


class AtNas:
    """One session of the user at a NAS, which does what it is told or does not."""

    def __init__(self, *, does: bool = True) -> None:
        self.does = does
        self.told: list[Profile | None] = []

    async def of_user(self, imsi: Imsi) -> tuple[Session, ...]:
        return (replace(at_nas_session(), imsi=imsi),) if imsi == IMSI else ()

    async def disconnect(self, session: Session) -> bool:
        assert session.imsi == IMSI
        self.told.append(None)
        return self.does

    async def change(self, session: Session, profile: Profile) -> bool:
        assert session.imsi == IMSI
        self.told.append(profile)
        return self.does


def rtr(reason: ReasonCode = ReasonCode.PERMANENT_TERMINATION) -> Message:
    return numbered(replace(RTR, deregistration_reason=DeregistrationReason(reason_code=reason)).message())


def ppr(data: Profile | Non3gppUserData | None, flags: int | None = None) -> Message:
    data = user_data(data) if isinstance(data, Profile) else data
    return numbered(replace(PPR, non_3gpp_user_data=data, ppr_flags=flags).message())


@pytest.mark.parametrize("message", [rtr(), ppr(profile())], ids=["RTR", "PPR"])
async def test_user_without_a_session_is_not_known(message: Message) -> None:
    answer = await Desk().told(message)
    assert (answer.result, answer.origin_host) == ("5001 USER_UNKNOWN (3GPP)", "aaa.example")


async def test_user_name_that_is_no_imsi_is_not_known() -> None:
    answer = await Desk().told(numbered(replace(RTR, user_name="somebody").message()))
    assert answer.result == "5001 USER_UNKNOWN (3GPP)"


async def test_rtr_aborts_each_session_at_its_gateway() -> None:
    desk = await Desk().holding(ONE, TWO)
    with capture_logs() as lines:
        assert (await desk.told(rtr())).result_code == 2001
    assert sorted(desk.asked) == [("epdg", "ASR"), ("pgw", "ASR")]
    asrs = [AbortSessionRequest.parse(message) for _, message in desk.gateway.asked]
    assert {asr.session_id for asr in asrs} == {ONE.session_id, TWO.session_id}
    assert all(session.ending for session in await desk.sessions.of_user(IMSI))
    assert [(line["event"], line["sessions"]) for line in lines] == [("asked by the hss", 2)]


async def test_session_that_its_gateway_does_not_know_is_over() -> None:
    desk = await Desk(5002).holding(ONE)
    assert (await desk.told(rtr())).result_code == 2001
    assert len(desk.sessions) == 0


async def test_gateway_that_cannot_be_reached_makes_the_hss_ask_again() -> None:
    desk = await Desk(None).holding(ONE)
    assert (await desk.told(rtr())).result_code == 5012
    desk.gateway.result = 2001
    assert (await desk.told(rtr())).result_code == 2001
    assert desk.asked == [("pgw", "ASR")] * 2


async def test_user_of_another_server_is_forgotten_and_not_disturbed() -> None:
    desk = await Desk().holding(ONE)
    assert (await desk.told(rtr(ReasonCode.NEW_SERVER_ASSIGNED))).result_code == 2001
    assert (desk.asked, len(desk.sessions)) == ([], 0)


CHANGES = [
    ("the same profile", profile(), []),
    ("another bit rate", profile(replace(INTERNET, ambr=Ambr(1, 2))), ["RAR"]),
    ("another APN beside it", profile(INTERNET, IMS), ["RAR"]),
    ("another time limit", replace(profile(), session_timeout=60), ["RAR"]),
    ("without the APN in use", profile(IMS), ["ASR"]),
    ("without the access type in use", replace(profile(), rat_types_refused=frozenset({0})), ["ASR"]),
    ("with every access barred", replace(user_data(profile()),
     non_3gpp_ip_access=Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_BARRED), ["ASR"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "new", "wanted"), CHANGES, ids=[row[0] for row in CHANGES])
async def test_ppr_changes_what_a_session_may_have(
    what: str, new: Profile | Non3gppUserData, wanted: list[str]
) -> None:
    desk = await Desk().holding(ONE)
    assert (await desk.told(ppr(new))).result_code == 2001
    assert [name for _, name in desk.asked] == wanted
    (kept,) = await desk.sessions.of_user(IMSI)
    assert not kept.ending
    if isinstance(new, Profile) and wanted != ["ASR"]:
        assert kept.profile == new


async def test_session_that_its_gateway_does_not_know_any_more_is_over_by_rar_too() -> None:
    desk = await Desk(5002).holding(ONE)
    assert (await desk.told(ppr(profile(INTERNET, IMS)))).result_code == 2001
    assert len(desk.sessions) == 0


@pytest.mark.parametrize(("new", "wanted"), [(profile(IMS), "ASR"), (profile(INTERNET, IMS), "RAR")])
async def test_gateway_that_did_not_hear_of_a_new_profile_is_told_when_the_hss_asks_again(
    new: Profile, wanted: str
) -> None:
    desk = await Desk(None).holding(ONE)
    assert (await desk.told(ppr(new))).result_code == 5012
    desk.gateway.result = 2001
    assert (await desk.told(ppr(new))).result_code == 2001
    assert desk.asked == [("pgw", wanted)] * 2


@pytest.mark.parametrize(
    "message", [ppr(profile(IMS)), ppr(profile(INTERNET, IMS)), ppr(None, flags=8)], ids=["ASR", "RAR", "P-CSCF"]
)
async def test_user_whose_last_session_is_not_known_to_its_gateway_has_left(message: Message) -> None:
    desk = await Desk(5002).holding(ONE)
    assert (await desk.told(message)).result_code == 2001
    assert len(desk.sessions) == 0
    assert [one.assignment for one in desk.hss.assignments] == [Assignment.USER_DEREGISTRATION]


async def test_user_whose_registration_the_hss_has_ended_is_not_said_to_have_left() -> None:
    desk = await Desk(5002).holding(ONE)
    assert (await desk.told(rtr())).result_code == 2001
    assert desk.hss.assignments == []


async def test_user_who_was_turned_out_by_a_new_profile_leaves_with_his_last_session() -> None:
    desk = await Desk().holding(ONE)
    assert (await desk.told(ppr(profile(IMS)))).result_code == 2001
    (session,) = await desk.sessions.of_user(IMSI)
    await desk.sessions.end(session.session_id)
    desk.registrar.left(session)
    await desk.registrar.close()
    assert [one.assignment for one in desk.hss.assignments] == [Assignment.USER_DEREGISTRATION]


async def test_reset_indication_restores_the_registration() -> None:
    desk = await Desk().holding(ONE, TWO)
    await desk.told(ppr(None, flags=1))
    assert [one.assignment for one in desk.hss.assignments] == [Assignment.RESTORATION]
    assert desk.asked == []


@pytest.mark.parametrize("flags", [1, 2, 4], ids=["reset", "access network", "time zone"])
async def test_data_without_a_profile_change_nothing(flags: int) -> None:
    at_nas = AtNas()
    desk = await Desk(at_nas=at_nas).holding(ONE)
    assert (await desk.told(ppr(Non3gppUserData(), flags))).result_code == 2001
    assert await desk.sessions.of_user(IMSI) == (ONE,)
    assert (desk.asked, at_nas.told) == ([], [])


@pytest.mark.parametrize("data", [None, Non3gppUserData(), profile()])
async def test_restoration_of_the_p_cscf_goes_on_to_the_gateway(data: Profile | Non3gppUserData | None) -> None:
    desk = await Desk().holding(ONE)
    await desk.told(ppr(data, flags=8))
    assert [ReAuthRequest.parse(message).rar_flags for _, message in desk.gateway.asked] == [2]


async def test_nothing_else_is_served() -> None:
    with pytest.raises(AvpFault) as caught:
        await Desk().requests.serve("hss", MAR.message())
    assert caught.value.result == 3001


BARRED = replace(user_data(profile()), non_3gpp_ip_access=Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_BARRED)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (rtr(), [None]),
        (rtr(ReasonCode.NEW_SERVER_ASSIGNED), []),
        (ppr(profile(INTERNET, IMS)), [profile(INTERNET, IMS)]),
        (ppr(BARRED), [None]),
        (ppr(None, flags=1), []),
    ],
    ids=["RTR", "RTR to another server", "PPR", "PPR with every access barred", "reset"],
)
async def test_session_at_a_nas_is_told_as_well(message: Message, told: list[Profile | None]) -> None:
    at_nas = AtNas()
    desk = await Desk(at_nas=at_nas).holding(ONE)
    assert (await desk.told(message)).result_code == 2001
    assert at_nas.told == told
    alone = Desk(at_nas=AtNas())
    assert (await alone.told(message)).result_code == 2001


async def test_nas_that_does_not_do_it_makes_the_hss_ask_again() -> None:
    assert (await Desk(at_nas=AtNas(does=False)).told(rtr())).result_code == 5012


async def test_without_a_store_the_hss_asks_again() -> None:
    class Closed(MemoryUserSessions):
        async def of_user(self, imsi: Imsi) -> tuple[UserSession, ...]:
            assert imsi == IMSI
            raise LedgerUnavailable("the store is closed")

    requests = SwxRequests(AAA, Closed(), Gateways(AAA), Desk().registrar)
    with pytest.raises(AvpFault, match="the store is closed") as caught:
        await requests.serve("hss", rtr())
    assert caught.value.result == 3004


# Registered again


async def test_user_who_is_registered_again_goes_on_where_nothing_has_changed() -> None:
    gateway = IPv6Address("2001:db8::99")
    desk = await Desk().holding(replace(ONE, pdn_gw=gateway))
    apns = tuple(replace(apn, pdn_gw=gateway) for apn in ONE.profile.apns)
    assert await desk.requests.registered_again(IMSI, replace(ONE.profile, apns=apns))
    await desk.registrar.close()
    assert desk.asked == []
    assert [(one.assignment, one.pdn_gw) for one in desk.hss.assignments] == [(Assignment.PGW_UPDATE, gateway)]


async def test_user_who_is_registered_again_is_told_of_what_he_missed() -> None:
    desk = await Desk(at_nas=AtNas()).holding(ONE, TWO)
    changed = replace(ONE.profile, session_timeout=77)
    assert await desk.requests.registered_again(IMSI, changed)
    assert sorted(desk.asked) == [("epdg", "RAR"), ("pgw", "RAR")]
    assert [one.profile for one in await desk.sessions.of_user(IMSI)] == [changed] * 2
    await desk.registrar.close()


@pytest.mark.parametrize("result", [2001, None])
async def test_user_who_has_no_profile_any_more_is_ended(result: int | None) -> None:
    at_nas = AtNas(does=result is not None)
    desk = await Desk(result, at_nas).holding(ONE)
    assert await desk.requests.registered_again(IMSI, None) is (result is not None)
    assert desk.asked == [("pgw", "ASR")]
    assert at_nas.told == [None]


# Expected


class Presences:
    """Everybody is as `is_there` says."""

    def __init__(self, is_there: Presence) -> None:
        self.is_there = is_there

    async def presence(self, imsi: Imsi, now: datetime) -> Presence:
        assert (imsi, now) == (IMSI, NOON)
        return self.is_there


@pytest.mark.parametrize("message", [rtr(), ppr(profile())], ids=["RTR", "PPR"])
@pytest.mark.parametrize(
    ("is_there", "result"),
    [(Presence.EXPECTED, "5012 UNABLE_TO_COMPLY"), (Presence.GONE, "5001 USER_UNKNOWN (3GPP)")],
)
async def test_user_whose_session_is_expected_is_asked_for_again(
    message: Message, is_there: Presence, result: str
) -> None:
    desk = Desk()
    desk.requests = SwxRequests(
        AAA, desk.sessions, Gateways(AAA), desk.registrar, None, Presences(is_there), lambda: NOON
    )
    assert (await desk.told(message)).result == result
