"""Users whom another realm's server has rejected: why is for that server to know, and that it did is said here."""

from collections.abc import Callable

from aaa.metrics import BY_ANOTHER_REALM, count_unheard
from aaa.radius.clients import RadiusClient
from aaa.radius.nas import first_text
from runtime.logs import get_logger
from wire.frozen import dataclass
from wire.radius.packet import RadiusPacket

log = get_logger("aaa.radius.proxy")


@dataclass(frozen=True, slots=True)
class RejectedUnheard:
    """One user at `client`, by what he was called there, whom our own EAP server has not heard.

    `session` is what the client or the server that rejected him calls it.
    """

    client: str
    cause: str
    detail: str
    user_name: str
    session: str
    front: str = "radius"


def rejected_unheard(
    packet: RadiusPacket, client: str, cause: str, *, detail: str = "", session: str = ""
) -> RejectedUnheard:
    """The user of `packet`; where nobody else calls the session something, it is as the client does."""
    session = session or first_text(packet, "Acct-Session-Id") or ""
    return RejectedUnheard(client, cause, detail, first_text(packet, "User-Name") or "", session)


Keep = Callable[[RejectedUnheard], str]
"""Keeps a record of one; its reference, "" where there is none."""


class Rejections:
    """Says of each in one line that he was rejected, and has it kept by `keep`."""

    def __init__(self, keep: Keep = lambda _rejected: "") -> None:
        self._keep = keep

    def tell(self, packet: RadiusPacket, client: RadiusClient, realm: str, cause: str, session: str = "") -> None:
        """The user of `packet` was rejected by a server of `realm`."""
        one = rejected_unheard(packet, client.name, f"rejected by realm {realm}", detail=cause, session=session)
        count_unheard(one.front, one.client, BY_ANOTHER_REALM)
        reference = self._keep(one)
        kept = {"explain": reference} if reference else {}
        log.info("access rejected", cause=cause, client=client.name, realm=realm, session=one.session, **kept)
