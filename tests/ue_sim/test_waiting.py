"""Waiting for what a UE tells: for the kind, for how often, and for the end of everything."""

from ipaddress import IPv6Address

from ue_sim.ike.events import GatewayAnswered
from ue_sim.ue_events import Attached, Detached, Note
from ue_sim.waiting import Wait

ATTACHED = Attached(IPv6Address("2001:db8::100"), IPv6Address("2001:db8::1"))


async def test_wait_ends_with_the_kind_as_often_as_it_is_wanted() -> None:
    wait = Wait((Attached,), times=2)
    for told in (Note("on the way"), ATTACHED, GatewayAnswered()):
        wait.hear(told)
        assert not wait.future.done()
    wait.hear(ATTACHED)
    wait.hear(Detached("too late to be what was waited for"))
    assert wait.future.result() is ATTACHED


async def test_nothing_comes_of_a_ue_that_is_detached() -> None:
    wait = Wait((GatewayAnswered,), times=3)
    wait.hear(gone := Detached("the gateway stops"))
    assert wait.future.result() is gone
