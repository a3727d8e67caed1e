"""An Accounting-Request as a record for the ledger (RFC 2866 §4.1, §5)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from aaa.radius.chargeable import Chargeable
from aaa.radius.nas import first_address, first_number, first_text, nas_name, number_of, said_name, shown
from aaa.radius.translation.conversation import Conversations
from hss.session_api import COUNTER_MAX, AccountingRecord, AccountingStatus, Usage
from wire.errors import DecodeError
from wire.identity import Imsi
from wire.radius.accounting import AcctStatusType, terminate_cause_text, whole_counter
from wire.radius.dictionary import Key, definition, key_of
from wire.radius.packet import RadiusPacket

STATUSES: Mapping[int, AccountingStatus] = {
    AcctStatusType.START: AccountingStatus.START,
    AcctStatusType.STOP: AccountingStatus.STOP,
    AcctStatusType.INTERIM_UPDATE: AccountingStatus.INTERIM,
    AcctStatusType.ACCOUNTING_ON: AccountingStatus.ON,
    AcctStatusType.ACCOUNTING_OFF: AccountingStatus.OFF,
}
_SAID = {number.to_bytes(4, "big"): status for number, status in STATUSES.items()}
WHOLE_NAS = frozenset({AccountingStatus.ON, AccountingStatus.OFF})

_OUR_CLASS = re.compile(rb"([0-9a-f]{14})?(\x12.{64}|[\x12\x17\x32].{32})\Z", re.DOTALL)
"""The log's name of the conversation and an EAP Session-Id (`aaa.radius.translate.class_of`): the type of EAP-SIM,
EAP-AKA or EAP-AKA', RAND and AUTN, or NONCE_S and MAC; of EAP-SIM three RAND and NONCE_MT (RFC 5247 Appendix A)."""

_STATUS, _SESSION_ID, _CLASS, _TIME = map(key_of, ("Acct-Status-Type", "Acct-Session-Id", "Class", "Acct-Session-Time"))
_INPUT, _INPUT_GIGAWORDS = key_of("Acct-Input-Octets"), key_of("Acct-Input-Gigawords")
_OUTPUT, _OUTPUT_GIGAWORDS = key_of("Acct-Output-Octets"), key_of("Acct-Output-Gigawords")
_INPUT_PACKETS, _OUTPUT_PACKETS = key_of("Acct-Input-Packets"), key_of("Acct-Output-Packets")
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
    status = _status(packet)
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
        at=received - timedelta(seconds=delay) if delay else received,
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


def _status(packet: RadiusPacket) -> AccountingStatus:
    if _STATUS not in packet.repeated:
        status = _SAID.get(packet.by_key.get(_STATUS, b""))
        if status is not None:
            return status
    number = packet.integer("Acct-Status-Type")
    if number is None:
        raise DecodeError(0, "no Acct-Status-Type")
    status = STATUSES.get(number)
    if status is None:
        raise DecodeError(0, f"Acct-Status-Type {number} is not kept")
    return status


def _usage(packet: RadiusPacket) -> Usage:
    found = packet.by_key.get
    octets_in = whole_counter(number_of(found(_INPUT)), number_of(found(_INPUT_GIGAWORDS)))
    octets_out = whole_counter(number_of(found(_OUTPUT)), number_of(found(_OUTPUT_GIGAWORDS)))
    return Usage(
        seconds=number_of(found(_TIME)),
        octets_in=None if octets_in is None else min(octets_in, COUNTER_MAX),
        octets_out=None if octets_out is None else min(octets_out, COUNTER_MAX),
        packets_in=number_of(found(_INPUT_PACKETS)),
        packets_out=number_of(found(_OUTPUT_PACKETS)),
    )


def _class(packet: RadiusPacket) -> bytes | None:
    """Our Class among those that others may have added, else the first (RFC 2865 §5.25 lets there be many).

    Beside that of a session at a Diameter server are that server's own, which may look like anything.
    """
    if _CLASS not in packet.repeated:
        return packet.by_key.get(_CLASS) or None
    found = [value for value in packet.repeated[_CLASS] if value]
    ours = filter(_OUR_CLASS.match, found)
    return next(iter([*filter(Conversations.is_class, found), *ours, *found]), None)


def _session_key(packet: RadiusPacket, client: str, nas: str) -> bytes:
    identifier = packet.by_key.get(_SESSION_ID)
    if not identifier:
        raise DecodeError(0, "no Acct-Session-Id")
    return sha256(_of_nas(client, nas) + _part(identifier)).digest()[:16]


@lru_cache(maxsize=4096)
def _of_nas(client: str, nas: str) -> bytes:
    return _part(client.encode()) + _part(said_name(nas).encode())


def _fingerprint(packet: RadiusPacket, client: str) -> bytes:
    parts = [_part(client.encode())]
    for key, value in packet.attributes:
        if key not in _CHANGED_BY_RETRANSMISSION:
            parts += _before(key, len(value)), value
    return sha256(b"".join(parts)).digest()


@lru_cache(maxsize=4096)
def _before(key: Key, size: int) -> bytes:
    """What stands before a value of `size` octets: a client says the same attributes again and again."""
    return _part(repr(key).encode()) + size.to_bytes(4, "big")


def _part(octets: bytes) -> bytes:
    """With its length, so that no part runs into the next."""
    return len(octets).to_bytes(4, "big") + octets
