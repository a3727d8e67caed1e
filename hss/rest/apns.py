"""/v1/subscribers/{imsi}/apns: the APNs of one subscriber."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from hss.provisioning import apn_changes, subscribers
from hss.provisioning.change import Change
from hss.provisioning.description import Account, described_apn
from hss.rest.access import etag
from hss.rest.answers import ApnAnswer, SubscriberAnswer
from hss.rest.bodies import APN_LENGTH, APN_PATTERN, ApnOfSubscriber
from hss.rest.problems import documented
from hss.rest.subscribers import Conditions, ImsiInPath, Provisioning, Reading
from hss.rest.transactions import Transactions
from wire.identity import Imsi

ApnInPath = Annotated[str, Path(pattern=APN_PATTERN, max_length=APN_LENGTH)]


def routes(transactions: Transactions) -> APIRouter:
    """The routes on these `transactions`."""
    router = APIRouter(prefix="/v1/subscribers/{imsi}/apns", tags=["APNs"], responses=documented(404, 422))

    @router.get("")
    async def list_apns(imsi: ImsiInPath, _: Reading) -> list[ApnAnswer]:
        """The APNs of a subscriber."""
        profile = (await transactions.read(lambda connection: subscribers.show(connection, Imsi(imsi)))).profile
        return [ApnAnswer.model_validate(described_apn(apn, profile)) for apn in profile.apns]

    @router.put("/{apn}", responses=documented(404, 409, 412, 422))
    async def put_apn(
        imsi: ImsiInPath,
        apn: ApnInPath,
        body: ApnOfSubscriber,
        response: Response,
        visitor: Provisioning,
        conditions: Conditions,
    ) -> SubscriberAnswer:
        """Let the subscriber have this APN with these values; doing it twice is doing it once."""
        wanted = body.profile(apn)

        def operation(change: Change) -> Account:
            before = subscribers.show(change.connection, Imsi(imsi))
            conditions.require(before)
            there = next((one for one in before.profile.apns if one.name == wanted.name), None)
            if there is None:
                return apn_changes.add(change, Imsi(imsi), wanted, default=body.default)
            return _changed(change, before, body, apn)

        account = await transactions.change(visitor.actor, operation)
        response.headers["ETag"] = etag(account)
        return SubscriberAnswer.of(account)

    @router.delete("/{apn}", status_code=204, responses=documented(404, 409, 412, 422))
    async def remove_apn(imsi: ImsiInPath, apn: ApnInPath, visitor: Provisioning, conditions: Conditions) -> None:
        """Take an APN away; the default one only when it is the last."""

        def operation(change: Change) -> Account:
            conditions.require(subscribers.show(change.connection, Imsi(imsi)))
            return apn_changes.remove(change, Imsi(imsi), apn)

        await transactions.change(visitor.actor, operation)

    return router


def _changed(change: Change, before: Account, body: ApnOfSubscriber, name: str) -> Account:
    """The APN that is there with other values, and as the default when that is asked; unchanged when it is so."""
    imsi, wanted = before.profile.imsi, body.profile(name)
    there = next(one for one in before.profile.apns if one.name == wanted.name)
    account = before
    old, new = described_apn(there, before.profile), described_apn(wanted, before.profile)
    ours = {"context_id": 0, "default": False}
    if old | ours != new | ours:
        account = apn_changes.update(change, imsi, wanted)
    if body.default and not old["default"]:
        account = apn_changes.set_default(change, imsi, wanted.name)
    return account
