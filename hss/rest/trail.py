"""/v1/audit and /v1/tokens: who changed what, and who may."""

import asyncio
import json
import os
from typing import Annotated

from fastapi import APIRouter, Path, Query

from hss.audit import AuditTrail, Entry, read_entries
from hss.keys.keyring import Keyring
from hss.provisioning import tokens
from hss.rest.answers import EntriesAnswer, EntryAnswer, TokenAnswer, TokensAnswer, WholeAnswer
from hss.rest.bodies import NAME_PATTERN
from hss.rest.problems import documented
from hss.rest.profiles import Administering
from hss.rest.transactions import Transactions
from hss.store.engines import transaction
from hss.store.location import Location

FAULTS_MAX = 100
"""So many faults are told at once."""


def routes(transactions: Transactions, location: Location) -> APIRouter:
    """The routes on these `transactions`; a trail is verified on a connection of its own to `location`."""
    router = APIRouter(prefix="/v1", tags=["audit"], responses=documented(422))
    _audit(router, transactions, location)
    _tokens(router, transactions)
    return router


def _audit(router: APIRouter, transactions: Transactions, location: Location) -> None:
    @router.get("/audit")
    async def list_entries(
        _: Administering,
        subject: Annotated[str | None, Query(pattern="^[A-Za-z0-9._-]{1,64}$")] = None,
        action: Annotated[str | None, Query(pattern="^[a-z.-]{1,64}$")] = None,
        after: Annotated[int, Query(ge=0, lt=1 << 63)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> EntriesAnswer:
        """Entries in their order; of one subject, of actions that begin so."""
        found = await transactions.read(
            lambda connection: read_entries(connection, subject=subject, action=action, after=after, limit=limit + 1)
        )
        following = found[limit - 1].number if len(found) > limit else None
        return EntriesAnswer(entries=[_entry(one) for one in found[:limit]], next=following)

    @router.post("/audit/verify")
    async def verify_trail(_: Administering) -> WholeAnswer:
        """Whether every entry is there and as it was written; it takes its time where there are many."""
        faults = await asyncio.to_thread(_faults, transactions, location)
        return WholeAnswer(whole=not faults, faults=faults)


def _tokens(router: APIRouter, transactions: Transactions) -> None:
    @router.get("/tokens")
    async def list_tokens(_: Administering) -> TokensAnswer:
        """Every token there is or was, without what opens; new ones are made by: akadia token add."""
        found = await transactions.read(tokens.listed)
        return TokensAnswer(tokens=[TokenAnswer.model_validate(tokens.described(one)) for one in found])

    @router.delete("/tokens/{name}", status_code=204, responses=documented(404, 422))
    async def revoke_token(name: Annotated[str, Path(pattern=NAME_PATTERN)], visitor: Administering) -> None:
        """Let a token open nothing from now on."""
        await transactions.change(visitor.actor, lambda change: tokens.revoke(change, name))


def _faults(transactions: Transactions, location: Location) -> list[str]:
    """In a thread: what is wrong with the trail, as far as it is worth telling."""
    # a ring of its own: the other one is in another thread's hands
    trail = AuditTrail(Keyring(transactions.custodian.keyring.master, os.urandom), transactions.now)
    found: list[str] = []
    with transaction(location, read_only=True) as connection:
        for fault in trail.verify(connection):
            found.append(fault)
            if len(found) == FAULTS_MAX:
                break
    return found


def _entry(entry: Entry) -> EntryAnswer:
    return EntryAnswer(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        origin=entry.origin,
        action=entry.action,
        subject=entry.subject,
        before=json.loads(entry.before) if entry.before else None,
        after=json.loads(entry.after) if entry.after else None,
    )
