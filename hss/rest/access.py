"""What a route needs to know of the request: who asks, with which role, and on which revision."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request
from starlette.exceptions import HTTPException

from hss.provisioning.description import Account
from hss.provisioning.tokens import Role
from hss.rest.gate import Visitor
from hss.rest.problems import PreconditionFailed


def needs(role: Role) -> Callable[[Request], Visitor]:
    """A dependency: the visitor, when its token has `role`; 403 otherwise."""

    def visitor(request: Request) -> Visitor:
        found: Visitor = request.state.visitor
        if role not in found.caller.roles:
            raise HTTPException(403, f"token {found.caller.name} has not the role {role.value}")
        return found

    return visitor


def etag(account: Account) -> str:
    """A strong validator of everything that SubscriberAnswer shows (RFC 9110 §8.8.3)."""
    return f'"{account.revision}-{int(account.created.timestamp()):x}"'


@dataclass(frozen=True, slots=True)
class Preconditions:
    """If-Match and If-None-Match as they were sent (RFC 9110 §13.1)."""

    if_match: str | None = None
    if_none_match: str | None = None

    def require(self, account: Account | None) -> None:
        """PreconditionFailed when they do not hold for `account`, or for its absence."""
        now = None if account is None else etag(account)
        if self.if_match is not None and not _lists(self.if_match, now):
            raise PreconditionFailed(f"If-Match does not hold: the ETag is {now or 'none'}; look at it again")
        if self.if_none_match is not None and _lists(self.if_none_match, now):
            raise PreconditionFailed(f"If-None-Match does not hold: it is there, with ETag {now}")


def preconditions(
    if_match: Annotated[str | None, Header(max_length=1024)] = None,
    if_none_match: Annotated[str | None, Header(max_length=1024)] = None,
) -> Preconditions:
    """A dependency: the conditions of the request."""
    return Preconditions(if_match, if_none_match)


def _lists(header: str, now: str | None) -> bool:
    if header.strip() == "*":
        return now is not None
    return now is not None and now in {part.strip() for part in header.split(",")}
