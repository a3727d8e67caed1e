"""An Accounting-Request as a record for the ledger (RFC 2866 §4.1, §5)."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from aaa.radius.chargeable import Chargeable
from aaa.radius.nas import first_address, first_number, first_text, nas_name, said_name, shown
from aaa.radius.translation.conversation import Conversations
from hss.session_api import COUNTER_MAX, AccountingRecord, AccountingStatus, Usage
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.radius.accounting import AcctStatusType, terminate_cause_text, whole_counter
from wire.radius.dictionary import definition
from wire.radius.packet import RadiusPacket

STATUSES: Mapping[int, AccountingStatus] = {
    AcctStatusType.START: AccountingStatus.START,
    AcctStatusType.STOP: AccountingStatus.STOP,
    AcctStatusType.INTERIM_UPDATE: AccountingStatus.INTERIM,
    AcctStatusType.ACCOUNTING_ON: AccountingStatus.ON,
    AcctStatusType.ACCOUNTING_OFF: AccountingStatus.OFF,
}
WHOLE_NAS = frozenset({AccountingStatus.ON, AccountingStatus.OFF})

_OUR_CLASS = re.compile(rb"([0-9a-f]{14})?(\x12.{64}|[\x12\x17\x32].{32})\Z", re.DOTALL)
"""The log's name of the conversation and an EAP Session-Id (`aaa.radius.translate.class_of`): the type of EAP-SIM,
EAP-AKA or EAP-AKA', RAND and AUTN, or NONCE_S and MAC; of EAP-SIM three RAND and NONCE_MT (RFC 5247 Appendix A)."""

_LONGEST_DELAY = 30 * 86400
_CHANGED_BY_RETRANSMISSION = frozenset(
    definition(name).key for name in ("Acct-Delay-Time", "Proxy-State", "Message-Authenticator")
)


def to_record(
    packet: RadiusPacket, client: str, source: str, received: datetime, chargeable: Chargeable | None = None
) -> AccountingRecord:
    """What `packet` says; DecodeError when it says too little to be kept (RFC 2866 §5.13: Status-Type, Session-Id).

    Of everything else the first is taken, and what is malformed is not said: a Stop that is refused for a counter would
    come again and again, and its session never end. `chargeable` knows whom the client calls so where it repeats no
    Class of ours (RFC 4372 §2.2).
    """
    number = packet.integer("Acct-Status-Type")
    if number is None:
        raise DecodeError(0, "no Acct-Status-Type")
    status = STATUSES.get(number)
    if status is None:
        raise DecodeError(0, f"Acct-Status-Type {number} is not kept")
    nas = nas_name(packet, source)
    cause = first_number(packet, "Acct-Terminate-Cause")
    radius_class = _class(packet)
    delay = min(first_number(packet, "Acct-Delay-Time") or 0, _LONGEST_DELAY)
    return AccountingRecord(
        fingerprint=_fingerprint(packet, client),
        status=status,
        session_key=None if status in WHOLE_NAS else _session_key(packet, client, nas),
        session_id=first_text(packet, "Acct-Session-Id") or "",
        client=client,
        nas=nas,
        source=source,
        at=received - timedelta(seconds=delay),
        received=received,
        user_name=first_text(packet, "User-Name"),
        radius_class=radius_class,
        calling_station=first_text(packet, "Calling-Station-Id"),
        framed_address=first_address(packet, "Framed-IPv6-Address") or first_address(packet, "Framed-IP-Address"),
        usage=_usage(packet),
        end_cause=None if cause is None else terminate_cause_text(cause),
        imsi=None if chargeable is None else _called(packet, client, radius_class, chargeable),
    )


def _called(packet: RadiusPacket, client: str, radius_class: bytes | None, chargeable: Chargeable) -> Imsi | None:
    cui = packet.first("Chargeable-User-Identity")
    if not cui or (radius_class is not None and _OUR_CLASS.match(radius_class)):
        return None
    return chargeable.whose(client, shown(cui))


def _usage(packet: RadiusPacket) -> Usage:
    def octets(direction: str) -> int | None:
        low, high = (
            first_number(packet, f"Acct-{direction}-Octets"),
            first_number(packet, f"Acct-{direction}-Gigawords"),
        )
        whole = whole_counter(low, high)
        return None if whole is None else min(whole, COUNTER_MAX)

    return Usage(
        seconds=first_number(packet, "Acct-Session-Time"),
        octets_in=octets("Input"),
        octets_out=octets("Output"),
        packets_in=first_number(packet, "Acct-Input-Packets"),
        packets_out=first_number(packet, "Acct-Output-Packets"),
    )


def _class(packet: RadiusPacket) -> bytes | None:
    """Our Class among those that others may have added, else the first (RFC 2865 §5.25 lets there be many).

    Beside that of a session at a Diameter server are that server's own, which may look like anything.
    """
    found = [value for value in packet.values("Class") if value]
    ours = filter(_OUR_CLASS.match, found)
    return next(iter([*filter(Conversations.is_class, found), *ours, *found]), None)


def _session_key(packet: RadiusPacket, client: str, nas: str) -> bytes:
    identifier = packet.first("Acct-Session-Id")
    if not identifier:
        raise DecodeError(0, "no Acct-Session-Id")
    return _digest(client.encode(), said_name(nas).encode(), identifier)[:16]


def _fingerprint(packet: RadiusPacket, client: str) -> bytes:
    parts = [client.encode()]
    for key, value in packet.attributes:
        if key not in _CHANGED_BY_RETRANSMISSION:
            parts += [repr(key).encode(), value]
    return _digest(*parts)


def _digest(*parts: bytes) -> bytes:
    """SHA-256 over parts that cannot run into each other."""
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
