"""The Accounting-Requests of a load, and the proof of their answers (RFC 2866 §3, §4, RFC 2869 §5)."""

import hashlib
import hmac
import struct
from functools import cache

from ue_sim.load.radius_packets import AnswerRefused
from wire.radius.accounting import AcctStatusType, TerminateCause
from wire.radius.codec import build_attributes
from wire.radius.packet import ZERO_AUTHENTICATOR, Attribute, Code, response_authenticator
from wire.secret import Secret

PERIOD = 600
"""Seconds of a session between two records, as they tell; the load does not wait for them."""
OCTETS_IN, OCTETS_OUT, PACKETS_IN, PACKETS_OUT = 30_000_000, 1_100_000_000, 40_000, 800_000
"""What a UE sends and gets in that time: 64 bits are needed after four records."""

_USER_NAME, _EVENT_TIMESTAMP, _DELAY_TIME, _SESSION_ID = 1, 55, 41, 44
_AUTHENTICATED_BY_RADIUS = 1
_GIGAWORD = 1 << 32
_HEAD = struct.Struct("!BBH")
_TIMES = struct.Struct("!BBIBBI")
_HOME_NETWORK = 10 << 24
"""Framed-IP-Address is 10.0.0.0 and the number of the card."""


@cache
def record(status: AcctStatusType, period: int) -> bytes:
    """The attributes of a record, `period` periods after the session's begin, that are the same for all UEs."""
    named: list[tuple[str, int]] = [("Acct-Status-Type", status), ("Acct-Authentic", _AUTHENTICATED_BY_RADIUS)]
    if status != AcctStatusType.START:
        octets_in, octets_out = period * OCTETS_IN, period * OCTETS_OUT
        named += [
            ("Acct-Session-Time", period * PERIOD),
            ("Acct-Input-Octets", octets_in % _GIGAWORD),
            ("Acct-Output-Octets", octets_out % _GIGAWORD),
            ("Acct-Input-Gigawords", octets_in // _GIGAWORD),
            ("Acct-Output-Gigawords", octets_out // _GIGAWORD),
            ("Acct-Input-Packets", period * PACKETS_IN % _GIGAWORD),
            ("Acct-Output-Packets", period * PACKETS_OUT % _GIGAWORD),
        ]
    if status == AcctStatusType.STOP:
        named.append(("Acct-Terminate-Cause", TerminateCause.USER_REQUEST))
    return build_attributes([Attribute.of(name, value) for name, value in named])


class AccountingPackets:
    """The packets between one client and its accounting server, who share `secret`."""

    def __init__(self, secret: Secret, nas_identifier: str) -> None:
        self._secret = secret
        self._nas = build_attributes([Attribute.of("NAS-Identifier", nas_identifier)])

    def session(self, session_id: bytes, user_name: bytes, number: int, classes: bytes) -> bytes:
        """What all records of the session of card `number` say; `classes` are whole attributes (RFC 2865 §5.25)."""
        address = (_HOME_NETWORK + number % (1 << 24)).to_bytes(4, "big")
        return b"".join(
            (
                bytes((_SESSION_ID, 2 + len(session_id))), session_id,
                bytes((_USER_NAME, 2 + len(user_name))), user_name,
                self._nas, b"\x08\x06", address, classes,
            )
        )  # fmt: skip

    def request(self, identifier: int, said: bytes, at: int, delay: int) -> bytes:
        """An Accounting-Request that says `said` of what happened `at` Unix time, `delay` seconds ago."""
        body = said + _TIMES.pack(_EVENT_TIMESTAMP, 6, at, _DELAY_TIME, 6, delay)
        head = _HEAD.pack(Code.ACCOUNTING_REQUEST, identifier, 20 + len(body))
        return b"".join((head, hashlib.md5(b"".join((head, ZERO_AUTHENTICATOR, body, self._secret))).digest(), body))

    def require_genuine(self, octets: bytes, authenticator: bytes) -> None:
        """AnswerRefused unless `octets` answers the request with `authenticator`."""
        if len(octets) < 20 or int.from_bytes(octets[2:4], "big") != len(octets):
            raise AnswerRefused("malformed answer")
        if octets[0] != Code.ACCOUNTING_RESPONSE:
            raise AnswerRefused(f"an answer of code {octets[0]}")
        expected = response_authenticator(octets, authenticator, self._secret)
        if not hmac.compare_digest(expected, octets[4:20]):
            raise AnswerRefused("Response Authenticator is wrong: another secret?")
