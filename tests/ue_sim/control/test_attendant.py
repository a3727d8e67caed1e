"""Wishes on a UE: what is done, and what is told."""

from ipaddress import IPv4Address

import pytest

from runtime.config import ConfigError
from runtime.control_socket import Answer
from tests.ue_sim.control.live_ue import AGENT, ATTACHED, HERE, HOME, THERE, LiveUe
from ue_sim.control.attendant import Attendant
from ue_sim.control.wishes import Detach, Move, Ping, Probe, Reattach, Reauthenticate, Rekey, Status, Wish
from ue_sim.shell import UeFailed
from ue_sim.ue_events import Attached, Step


async def fulfil(ue: LiveUe, wish: Wish, attached: Attached = ATTACHED) -> Answer:
    return await Attendant(ue, attached).fulfil(wish)


async def test_status_tells_where_the_ue_is() -> None:
    assert await fulfil(LiveUe(), Status()) == Answer(
        ok=True,
        outcome="attached",
        facts={
            "home_address": f"{HOME}/64",
            "ipv4_home_address": "10.0.0.2/24",
            "home_agent": str(AGENT),
            "care_of_address": str(HERE),
        },
    )


async def test_ping_goes_to_the_home_agent_unless_told_otherwise() -> None:
    ue = LiveUe()
    answer = await fulfil(ue, Ping(count=2))
    assert (answer.ok, answer.outcome) == (True, f"ping {AGENT}: 2 of 2 pings were answered")
    assert answer.facts == {"sent": "2", "received": "2", "round_trips_ms": "1.5 1.5"}
    await fulfil(ue, Ping(to=IPv4Address("10.0.0.1"), count=1))
    assert ue.done == [f"ping {AGENT} 2", "ping 10.0.0.1 1"]


async def test_lost_ping_is_a_failure() -> None:
    answer = await fulfil(LiveUe(received=1), Ping(count=2))
    assert (answer.ok, answer.outcome) == (False, f"ping {AGENT}: 1 of 2 pings were answered")


async def test_ipv4_cannot_be_pinged_without_an_ipv4_home_address() -> None:
    ue = LiveUe()
    answer = await fulfil(ue, Ping(to=IPv4Address("10.0.0.1")), Attached(HOME, AGENT))
    assert (answer.ok, ue.done) == (False, [])
    assert "write ipv4 = true in [ue]" in answer.outcome


@pytest.mark.parametrize(("received", "ok"), [(3, True), (1, True), (0, False)])
async def test_move_is_shown_by_pings_from_there(received: int, ok: bool) -> None:
    ue = LiveUe(received=received)
    answer = await fulfil(ue, Move(address=THERE))
    assert (answer.ok, ue.local.address) == (ok, THERE)
    assert answer.outcome == f"moved from {HERE} to {THERE}: {received} of 3 pings were answered"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(99, "Cannot assign requested address"), "Cannot assign"),
        (ConfigError("no raw socket"), "no raw socket"),
    ],
)
async def test_ue_that_cannot_move_stays_and_says_why(error: Exception, cause: str) -> None:
    ue = LiveUe(move_fails=error)
    answer = await fulfil(ue, Move(address=THERE))
    assert (answer.ok, ue.done) == (False, [])
    assert answer.outcome.startswith(f"the UE stays at {HERE}: {cause}")


async def test_reattach_gives_what_is_new() -> None:
    ue = LiveUe()
    attendant = Attendant(ue, ATTACHED)
    answer = await attendant.fulfil(Reattach())
    assert (answer.ok, ue.done) == (True, ["detach", "attach"])
    assert answer.facts["home_address"] == "2001:db8::101/64"
    assert "ipv4_home_address" not in answer.facts
    assert (await attendant.fulfil(Status())).facts == answer.facts


async def test_attach_that_fails_is_told_with_its_step() -> None:
    ue = LiveUe(attach_fails=UeFailed(Step.EAP, "the network does not know this user"))
    assert await fulfil(ue, Reattach()) == Answer(
        ok=False, outcome="failed at step 3: the network does not know this user"
    )


async def test_detach_leaves_nothing_to_ask() -> None:
    ue = LiveUe()
    attendant = Attendant(ue, ATTACHED)
    assert await attendant.fulfil(Detach()) == Answer(ok=True, outcome="detached")
    assert await attendant.fulfil(Status()) == Answer(ok=False, outcome="the session ended: detached; attach again")


@pytest.mark.parametrize(
    ("wish", "done", "outcome"),
    [
        (Reauthenticate(), "reauthenticate None", "authenticated anew"),
        (Reauthenticate(way="make-before-break"), "reauthenticate True", "authenticated anew"),
        (Reauthenticate(way="break-before-make"), "reauthenticate False", "authenticated anew"),
        (Rekey(what="ike"), "rekey True", "the IKE SA is new"),
        (Rekey(what="child"), "rekey False", "the Child SAs are new"),
        (Probe(), "probe", "the gateway is there"),
    ],
)
async def test_ike_is_told_what_a_tester_wants(wish: Wish, done: str, outcome: str) -> None:
    ue = LiveUe()
    answer = await fulfil(ue, wish)
    assert (answer.ok, answer.outcome, ue.done) == (True, outcome, [done])


async def test_probe_tells_how_long_the_gateway_took() -> None:
    assert (await fulfil(LiveUe(), Probe())).facts == {"milliseconds": "4.2"}


@pytest.mark.parametrize("wish", [Reauthenticate(), Rekey(what="child")])
async def test_ike_that_fails_is_told_with_its_cause(wish: Wish) -> None:
    ue = LiveUe(attach_fails=UeFailed(Step.TUNNEL, "the Child SAs were not replaced"))
    assert await fulfil(ue, wish) == Answer(ok=False, outcome="failed at step 8: the Child SAs were not replaced")
