"""/v1/profiles: algorithm profiles."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Connection

from hss.algorithms import AlgorithmSettings, read_settings
from hss.models import Algorithm, Custody, Scheme
from hss.provisioning import algorithm_profiles
from hss.provisioning.algorithm_profiles import described, users_of
from hss.provisioning.change import Change, ProvisioningRefused
from hss.provisioning.subscribers import settings_named
from hss.provisioning.tokens import Role
from hss.rest.access import needs
from hss.rest.answers import ProfileAnswer, ProfilesAnswer
from hss.rest.bodies import NAME_PATTERN, ProfileBody
from hss.rest.gate import Visitor
from hss.rest.problems import documented
from hss.rest.subscribers import Reading
from hss.rest.transactions import Transactions

Administering = Annotated[Visitor, Depends(needs(Role.ADMIN))]
NameInPath = Annotated[str, Path(pattern=NAME_PATTERN)]


def routes(transactions: Transactions) -> APIRouter:
    """The routes on these `transactions`."""
    router = APIRouter(prefix="/v1/profiles", tags=["algorithm profiles"], responses=documented(422))

    @router.get("")
    async def list_profiles(_: Reading) -> ProfilesAnswer:
        """Every algorithm profile, by name."""

        def operation(connection: Connection) -> list[ProfileAnswer]:
            return [_answer(connection, one) for _, one in sorted(read_settings(connection).items())]

        return ProfilesAnswer(profiles=await transactions.read(operation))

    @router.get("/{name}", responses=documented(404, 422))
    async def show_profile(name: NameInPath, _: Reading) -> ProfileAnswer:
        """A profile, and how many subscribers have it."""
        return await transactions.read(lambda connection: _answer(connection, settings_named(connection, name)))

    @router.put("/{name}", responses=documented(409, 422))
    async def put_profile(name: NameInPath, body: ProfileBody, visitor: Administering) -> ProfileAnswer:
        """Add a profile; one that is there does not change, because cards count on it."""
        return await transactions.change(visitor.actor, lambda change: _put(change, _settings(name, body)))

    @router.delete("/{name}", status_code=204, responses=documented(404, 409, 422))
    async def remove_profile(name: NameInPath, visitor: Administering) -> None:
        """Take a profile away that no subscriber has."""
        await transactions.change(visitor.actor, lambda change: algorithm_profiles.remove(change, name))

    return router


def _put(change: Change, wanted: AlgorithmSettings) -> ProfileAnswer:
    there = read_settings(change.connection).get(wanted.name)
    if there is None:
        algorithm_profiles.add(change, wanted)
    elif there != wanted:
        raise ProvisioningRefused(f"profile {wanted.name} is there with other values; choose another name")
    return _answer(change.connection, wanted)


def _settings(name: str, body: ProfileBody) -> AlgorithmSettings:
    return AlgorithmSettings(
        name=name,
        algorithm=Algorithm(body.algorithm),
        parameters=body.parameters,
        ind_bits=body.ind_bits,
        delta=body.delta,
        scheme=Scheme(body.scheme),
        reserve=body.reserve,
        clock_unit_ms=body.clock_unit_ms,
        custody=Custody(body.custody),
    )


def _answer(connection: Connection, settings: AlgorithmSettings) -> ProfileAnswer:
    return ProfileAnswer(**described(settings), subscribers=users_of(connection, settings.name))
