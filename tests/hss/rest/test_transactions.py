"""A refusal undoes its own change, and none of those that share its commit."""

import asyncio

import pytest

from hss.audit import Actor
from hss.provisioning import tokens
from hss.provisioning.change import Change, ProvisioningRefused
from hss.provisioning.tokens import Role
from tests.hss.rest.conftest import Api

ACTOR = Actor("somebody", "test here")


def issue(change: Change, name: str, *, fail: bool = False) -> None:
    tokens.issue(change, name, [Role.READER], None, lambda count: name.encode().ljust(count, b"."))
    if fail:
        raise ProvisioningRefused(f"{name} may not be")


async def test_refused_change_leaves_the_others_of_its_turn(api: Api) -> None:
    results = await asyncio.gather(
        api.transactions.change(ACTOR, lambda change: issue(change, "a")),
        api.transactions.change(ACTOR, lambda change: issue(change, "b", fail=True)),
        api.transactions.change(ACTOR, lambda change: issue(change, "c")),
        return_exceptions=True,
    )
    assert [str(result) for result in results] == ["None", "b may not be", "None"]
    found = await api.transactions.read(tokens.listed)
    assert [one.name for one in found] == ["a", "c"]
    assert len(api.changes) == 2, "nobody hears of what was not done"


async def test_refused_reading_is_raised(api: Api) -> None:
    def refuse(_connection: object) -> None:
        raise ProvisioningRefused("no")

    with pytest.raises(ProvisioningRefused, match="no"):
        await api.transactions.read(refuse)
