"""/v1/subscribers: what an operator does with subscribers."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection

from hss.models import SubscriberState
from hss.provisioning import subscribers
from hss.provisioning.change import Change, NotThere, ProvisioningRefused
from hss.provisioning.comparing import compare, in_words
from hss.provisioning.description import Account
from hss.provisioning.listing import Filter, count, lines
from hss.provisioning.putting import Wanted, create, put
from hss.provisioning.subscribers import Update, card_keys
from hss.provisioning.tokens import Role
from hss.rest.access import Preconditions, etag, needs, preconditions
from hss.rest.answers import (
    BatchAnswer,
    CountAnswer,
    LineAnswer,
    PageAnswer,
    StatusAnswer,
    SubscriberAnswer,
    VerdictAnswer,
)
from hss.rest.bodies import (
    APN_LENGTH,
    APN_PATTERN,
    IMSI_PATTERN,
    NAME_PATTERN,
    SubscriberBatch,
    SubscriberBody,
    SubscriberPatch,
    VerifyBody,
    keys_input,
)
from hss.rest.gate import Visitor
from hss.rest.problems import documented
from hss.rest.transactions import Transactions
from wire.identity import Imsi
from wire.sansio import RandomBytes

SUBSCRIBERS = "/v1/subscribers"
PAGE = 100
PAGE_MAX = 1000

Reading = Annotated[Visitor, Depends(needs(Role.READER))]
Provisioning = Annotated[Visitor, Depends(needs(Role.PROVISIONER))]
Conditions = Annotated[Preconditions, Depends(preconditions)]
ImsiInPath = Annotated[str, Path(pattern=IMSI_PATTERN)]
IdentityText = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9._-]{1,255}$")]


def filtered(
    state: Literal["enabled", "barred"] | None = None,
    imsi_prefix: Annotated[str | None, Query(pattern="^[0-9]{1,15}$")] = None,
    msisdn: Annotated[str | None, Query(pattern="^[0-9]{1,15}$")] = None,
    apn: Annotated[str | None, Query(pattern=APN_PATTERN, max_length=APN_LENGTH)] = None,
    profile: Annotated[str | None, Query(pattern=NAME_PATTERN)] = None,
    serving_aaa: IdentityText = None,
    batch: Annotated[int | None, Query(ge=1, lt=1 << 31)] = None,
) -> Filter:
    """A dependency: what subscribers are asked for."""
    wanted = SubscriberState(state) if state else None
    return Filter(wanted, imsi_prefix, msisdn, apn, profile, serving_aaa, batch)


Filtered = Annotated[Filter, Depends(filtered)]


def routes(transactions: Transactions, random: RandomBytes) -> APIRouter:
    """The routes on these `transactions`."""
    router = APIRouter(tags=["subscribers"], responses=documented(422))
    _views(router, transactions)
    _puts(router, transactions, random)
    _changes(router, transactions)
    _verify(router, transactions, random)
    return router


def _views(router: APIRouter, transactions: Transactions) -> None:
    @router.get(SUBSCRIBERS)
    async def list_subscribers(
        request: Request,
        response: Response,
        _: Reading,
        wanted: Filtered,
        after: Annotated[str, Query(pattern="^[0-9]{0,15}$")] = "",
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
    ) -> PageAnswer:
        """Subscribers in the order of IMSIs, a page at a time; every filter that is given must hold."""
        found = await transactions.read(
            lambda connection: list(lines(connection, wanted, after=after, limit=limit + 1))
        )
        page = [LineAnswer(imsi=o.imsi, state=o.state.value, msisdn=o.msisdn, profile=o.profile) for o in found[:limit]]
        following = page[-1].imsi if len(found) > limit else None
        if following is not None:
            query = urlencode(dict(request.query_params) | {"after": following})
            response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
        return PageAnswer(subscribers=page, next=following)

    @router.get("/v1/subscriber-count")
    async def count_subscribers(_: Reading, wanted: Filtered) -> CountAnswer:
        """How many subscribers there are for whom every filter holds."""
        return CountAnswer(subscribers=await transactions.read(lambda connection: count(connection, wanted)))

    @router.get(f"{SUBSCRIBERS}/{{imsi}}", responses=documented(404, 422))
    async def show_subscriber(imsi: ImsiInPath, response: Response, _: Reading) -> SubscriberAnswer:
        """A subscriber without keys; its ETag is for If-Match."""
        account = await transactions.read(lambda connection: subscribers.show(connection, Imsi(imsi)))
        return _shown(account, response)

    @router.get(f"{SUBSCRIBERS}/{{imsi}}/status", responses=documented(404, 422))
    async def show_status(imsi: ImsiInPath, _: Reading) -> StatusAnswer:
        """SEQ_HE, and the AAA server that serves the subscriber now."""
        account = await transactions.read(lambda connection: subscribers.show(connection, Imsi(imsi)))
        return StatusAnswer(imsi=imsi, seq=account.seq, serving_aaa=account.serving_aaa)


def _puts(router: APIRouter, transactions: Transactions, random: RandomBytes) -> None:
    @router.put(
        f"{SUBSCRIBERS}/{{imsi}}",
        responses=documented(409, 412, 422) | {201: {"model": SubscriberAnswer, "description": "Created"}},
    )
    async def put_subscriber(
        imsi: ImsiInPath, body: SubscriberBody, response: Response, visitor: Provisioning, conditions: Conditions
    ) -> SubscriberAnswer:
        """Let the subscriber be as the body says, new or not; doing it twice is doing it once."""
        wanted = wanted_of(Imsi(imsi), body)

        def operation(change: Change) -> tuple[Account, bool]:
            before = _standing(change, wanted.imsi)
            conditions.require(before)
            if before is None:
                return create(change, wanted), True
            return put(change, before, wanted, random), False

        account, is_new = await transactions.change(visitor.actor, operation)
        response.status_code = 201 if is_new else 200
        return _shown(account, response)

    @router.post(SUBSCRIBERS, responses=documented(409, 422))
    async def add_batch(body: SubscriberBatch, visitor: Provisioning) -> BatchAnswer:
        """Add subscribers, all of them or none; with if_present "keep" a batch may be sent again."""
        wanted = [wanted_of(Imsi(one.imsi), one) for one in body.subscribers]
        return await transactions.change(
            visitor.actor, lambda change: _added(change, wanted, keep=body.if_present == "keep")
        )


def _changes(router: APIRouter, transactions: Transactions) -> None:
    @router.patch(f"{SUBSCRIBERS}/{{imsi}}", responses=documented(404, 409, 412, 422))
    async def change_subscriber(
        imsi: ImsiInPath, body: SubscriberPatch, response: Response, visitor: Provisioning, conditions: Conditions
    ) -> SubscriberAnswer:
        """Change what the body names; SEQ goes on, whatever changes."""

        def operation(change: Change) -> Account:
            before = subscribers.show(change.connection, Imsi(imsi))
            conditions.require(before)
            wanted = _update(change, body, body.profile or before.algorithm_profile)
            if wanted == Update():
                return before
            return subscribers.change_subscriber(change, Imsi(imsi), wanted, before.revision)

        return _shown(await transactions.change(visitor.actor, operation), response)

    @router.delete(f"{SUBSCRIBERS}/{{imsi}}", status_code=204, responses=documented(404, 412, 422))
    async def remove_subscriber(imsi: ImsiInPath, visitor: Provisioning, conditions: Conditions) -> None:
        """Delete the subscriber with its keys; the AAA server that serves it is told."""

        def operation(change: Change) -> None:
            conditions.require(subscribers.show(change.connection, Imsi(imsi)))
            subscribers.remove(change, Imsi(imsi))

        await transactions.change(visitor.actor, operation)


def _verify(router: APIRouter, transactions: Transactions, random: RandomBytes) -> None:
    @router.post(f"{SUBSCRIBERS}/{{imsi}}/verify", responses=documented(404, 422))
    async def verify_keys(imsi: ImsiInPath, body: VerifyBody, _: Provisioning) -> VerdictAnswer:
        """Whether these keys are the stored ones, OP was given for OPc, or AMF differs; nothing is shown."""
        read = keys_input(body.keys, body.amf)
        custodian = transactions.custodian

        def operation(connection: Connection) -> VerdictAnswer:
            custodian.keyring.load(connection)
            return VerdictAnswer(**in_words(compare(connection, custodian, Imsi(imsi), read, random)))

        return await transactions.read(operation)


def wanted_of(imsi: Imsi, body: SubscriberBody) -> Wanted:
    """The subscriber that `body` describes; ApnRefused when an APN of it cannot be."""
    return Wanted(
        imsi=imsi,
        keys=keys_input(body.keys) if body.keys else None,
        amf=int(body.amf, 16),
        state=SubscriberState(body.state),
        msisdn=body.msisdn,
        profile=body.profile,
        apns=body.apn_profiles(),
    )


def _standing(change: Change, imsi: Imsi) -> Account | None:
    try:
        return subscribers.show(change.connection, imsi)
    except NotThere:
        return None


def _added(change: Change, wanted: list[Wanted], *, keep: bool) -> BatchAnswer:
    done = BatchAnswer(added=[], kept=[])
    for place, one in enumerate(wanted):
        imsi = str(one.imsi)
        if keep and imsi not in done.added and _standing(change, one.imsi) is not None:
            done.kept.append(imsi)
            continue
        try:
            create(change, one)
        except ProvisioningRefused as refused:
            raise ProvisioningRefused(f"subscribers.{place}: {refused}; none of the batch was added") from None
        done.added.append(imsi)
    return done


def _update(change: Change, body: SubscriberPatch, profile: str) -> Update:
    return Update(
        msisdn=body.msisdn,
        amf=int(body.amf, 16) if body.amf else None,
        keys=card_keys(change.connection, keys_input(body.keys), profile) if body.keys else None,
        profile=body.profile,
        state=SubscriberState(body.state) if body.state else None,
    )


def _shown(account: Account, response: Response) -> SubscriberAnswer:
    response.headers["ETag"] = etag(account)
    return SubscriberAnswer.of(account)
