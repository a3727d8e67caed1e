"""Redirect indications: where to ask instead, and for how long that holds (RFC 6733 §6.1.8, §6.12 to §6.14)."""

import re
from collections import OrderedDict
from enum import IntEnum

from wire.diameter.dictionary import by_name
from wire.diameter.message import Message
from wire.diameter.results import ResultCode
from wire.frozen import dataclass

_URI = re.compile(r"aaas?://(?P<host>[A-Za-z0-9._-]{1,255})(:[0-9]{1,5})?(;[a-z]+=[a-z0-9]+)*\Z")
_REDIRECT_HOST = by_name("Redirect-Host").code

MOST_HOSTS = 8
MOST_SECONDS = 3600


class RedirectHostUsage(IntEnum):
    """RFC 6733 §6.13."""

    DONT_CACHE = 0
    ALL_SESSION = 1
    ALL_REALM = 2
    REALM_AND_APPLICATION = 3
    ALL_APPLICATION = 4
    ALL_HOST = 5
    ALL_USER = 6


@dataclass(frozen=True, slots=True)
class Redirection:
    """`hosts` are DiameterIdentities in lower case, the first one first; it holds for `seconds`."""

    hosts: tuple[str, ...]
    usage: RedirectHostUsage = RedirectHostUsage.DONT_CACHE
    seconds: int = 0


def redirection_of(answer: Message) -> Redirection | None:
    """What an answer with REDIRECT_INDICATION says; None for any other, and where no host in it can be read."""
    if answer.result_code != ResultCode.REDIRECT_INDICATION:
        return None
    uris = (one.data for one in answer.avps if (one.code, one.vendor) == (_REDIRECT_HOST, 0))
    hosts = [host for uri in uris if (host := host_of(uri)) is not None]
    if not hosts:
        return None
    usage, seconds = _number(answer, "Redirect-Host-Usage"), _number(answer, "Redirect-Max-Cache-Time")
    kept = usage in RedirectHostUsage.__members__.values() and seconds > 0
    return Redirection(
        tuple(hosts[:MOST_HOSTS]),
        RedirectHostUsage(usage) if kept else RedirectHostUsage.DONT_CACHE,
        min(seconds, MOST_SECONDS) if kept else 0,
    )


def host_of(uri: bytes) -> str | None:
    """The host of a DiameterURI (RFC 6733 §4.3.1), in lower case; None when it is no such URI."""
    match = _URI.match(uri.decode("ascii", "replace"))
    return None if match is None else match["host"].lower()


def _number(answer: Message, name: str) -> int:
    avp = answer.first(name)
    return int.from_bytes(avp.data, "big") if avp is not None and len(avp.data) == 4 else 0


_Key = tuple[RedirectHostUsage, str, int]

_PRECEDENCE = (
    RedirectHostUsage.ALL_SESSION,
    RedirectHostUsage.ALL_USER,
    RedirectHostUsage.REALM_AND_APPLICATION,
    RedirectHostUsage.ALL_REALM,
    RedirectHostUsage.ALL_APPLICATION,
    RedirectHostUsage.ALL_HOST,
)
"""RFC 6733 §6.13: which entry counts when several fit."""


class RedirectCache:
    """Redirections that hold for a while, at most `limit` of them."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._kept: OrderedDict[_Key, tuple[tuple[str, ...], float]] = OrderedDict()

    def note(self, request: Message, redirection: Redirection, now: float) -> None:
        """Keep what was said in answer to `request`, unless it was for that one alone."""
        if redirection.usage is RedirectHostUsage.DONT_CACHE:
            return
        key = _key(redirection.usage, request)
        self._kept.pop(key, None)
        self._kept[key] = redirection.hosts, now + redirection.seconds
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def find(self, request: Message, now: float) -> tuple[str, ...]:
        """Where `request` is to go; () where nothing is known of it."""
        if not self._kept:
            return ()
        for usage in _PRECEDENCE:
            hosts, until = self._kept.get(_key(usage, request), ((), 0.0))
            if until > now:
                return hosts
        return ()


def _key(usage: RedirectHostUsage, request: Message) -> _Key:
    names = {
        RedirectHostUsage.ALL_SESSION: "Session-Id",
        RedirectHostUsage.ALL_REALM: "Destination-Realm",
        RedirectHostUsage.REALM_AND_APPLICATION: "Destination-Realm",
        RedirectHostUsage.ALL_HOST: "Destination-Host",
        RedirectHostUsage.ALL_USER: "User-Name",
    }
    name = names.get(usage)
    by_application = usage in (RedirectHostUsage.REALM_AND_APPLICATION, RedirectHostUsage.ALL_APPLICATION)
    application = request.application if by_application else 0
    return usage, (request.text(name) or "") if name else "", application
