"""A whole AAA server in memory for the fuzzers: every part but sockets, its tables small, its clock the fuzzer's."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

import structlog

from aaa.conversations.keys import ConversationKeys
from aaa.conversations.recent import Recent
from aaa.conversations.sealed import SealedConversations, Shared
from aaa.eap.policy import AkaPolicy
from aaa.identities.epochs import Keyring
from aaa.identities.sealed import SealedIdentities
from aaa.identities.spent import UsedCounters
from aaa.service import EapAuthenticationService
from aaa.sessions import CHANCE_BITS, MemoryConversations, session_name
from tests.aaa.identities.keyrings import KEYRING, NOW
from tests.aaa.memory_hss import REALM, MemoryHss
from wire.identity import EapMethod, classify

LIMIT = 64
"""Most entries in any table of a server that is fuzzed."""

AGE = 60.0
"""Seconds that a conversation may last."""

EVERY_METHOD = (EapMethod.AKA_PRIME, EapMethod.AKA, EapMethod.SIM)
POLICIES = (
    AkaPolicy(allowed=EVERY_METHOD),
    AkaPolicy(allowed=EVERY_METHOD, result_ind=True, always_ask_identity=True),
)

Sizes = Mapping[str, Callable[[], int]]
"""How many entries each table has."""


class Broken(Exception):
    """A property does not hold; the text says which, and for what input."""


@dataclass
class Clock:
    """Unix time in seconds, as the fuzzer says."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class WholeServer:
    """The authentication service with all that stands behind it; `sizes` are its tables, none above `LIMIT`."""

    policy: AkaPolicy
    clock: Clock
    seed: int = 1
    keyring: Keyring = KEYRING
    hss: MemoryHss = field(default_factory=MemoryHss)

    def __post_init__(self) -> None:
        random = Random(self.seed)
        recent, used = Recent(LIMIT), UsedCounters(LIMIT)
        kept = MemoryConversations(random=random.randbytes, limit=LIMIT, client_limit=LIMIT // 2, age=AGE)
        identities = SealedIdentities(
            keyring=lambda: self.keyring, clock=self.clock, random=random.randbytes, used=used
        )
        self.service = EapAuthenticationService(
            hss=self.hss,
            conversations=SealedConversations(
                keys=ConversationKeys(lambda: self.keyring, self.clock),
                wall_clock=self.clock,
                recall=lambda identity: identities.recall(classify(identity)),
                kept=kept,
                shared=Shared((REALM,), AGE),
                recent=recent,
            ),
            node="aaa.example",
            clock=self.clock,
            random=random.randbytes,
            policy=self.policy,
            identities=identities,
            home_realm=REALM,
            name_session=lambda: session_name(int(self.clock() * 1000), random.getrandbits(CHANCE_BITS)),
        )
        self.sizes: Sizes = {"recent": recent.__len__, "kept": kept.__len__, "used counters": used.__len__}

    def forget_requests(self) -> None:
        """Empty what the HSS of tests writes down."""
        self.hss.vector_requests.clear()
        self.hss.assignments.clear()


def require_bounded(sizes: Sizes) -> None:
    """Broken when a table has outgrown its limit."""
    for name, size in sizes.items():
        if size() > LIMIT:
            raise Broken(f"the table {name!r} has {size()} entries, {LIMIT} are allowed")


def hear_errors() -> list[str]:
    """Every log line of level error from now on; nothing else is formatted, so that it costs no time."""
    heard: list[str] = []

    def keep(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        heard.append(repr(event))
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.processors.format_exc_info, keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    return heard
