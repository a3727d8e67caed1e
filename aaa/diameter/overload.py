"""Users whose DER was not served for load, or whose session could not be kept: who they were, for a record."""

import time
from collections.abc import Callable

from aaa.diameter.translate import FRONT
from aaa.explaining.failed import said_imsi
from aaa.messages import RejectCause
from aaa.metrics import count_rejection
from aaa.radius.proxy.rejections import Keep, RejectedUnheard
from aaa.user_sessions import UserSession
from runtime.diameter.settings import PeerName
from runtime.log_limit import LogLimit
from runtime.logs import get_logger
from wire.diameter.avp import AvpFault
from wire.diameter.eap import DIAMETER_EAP
from wire.diameter.eap_applications import read_eap_request
from wire.diameter.message import Message

log = get_logger("aaa.diameter")


class Overload:
    """`keep` keeps a record of one, and gives its reference; `clock` is monotonic and in seconds."""

    def __init__(self, keep: Keep, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep = keep
        self._clock = clock
        self._lines = LogLimit()

    def dropped(self, peer: PeerName, request: Message, cause: str) -> str:
        """As `runtime.diameter.settings.Dropped`: of a DER alone, which is the only request that authenticates."""
        if request.command != DIAMETER_EAP:
            return ""
        try:
            der = read_eap_request(request)
        except AvpFault:
            return ""
        imsi = said_imsi(der.eap_payload)
        user_name = der.user_name or ("" if imsi is None else f"0{imsi}")
        return self._keep(RejectedUnheard(peer, RejectCause.TOO_BUSY.value, cause, user_name, der.session_id, FRONT))

    def unkept(self, session: UserSession, cause: str) -> None:
        """A user has proved himself, and the store does not take his session: 3004, so that another server may."""
        client, busy = f"{FRONT}/{session.peer}", RejectCause.TOO_BUSY.value
        count_rejection(client, None, RejectCause.TOO_BUSY)
        withheld = self._lines.allow("", self._clock())
        if withheld is None:
            return
        detail, user_name = f"the session cannot be kept: {cause}", f"0{session.imsi}"
        reference = self._keep(RejectedUnheard(session.peer, busy, detail, user_name, session.session_id, FRONT))
        kept = {"explain": reference} if reference else {}
        about = {"imsi": str(session.imsi), "client": client, "session": session.session_id, "withheld": withheld}
        log.warning("authentication rejected", cause=busy, detail=detail, **about, **kept)
