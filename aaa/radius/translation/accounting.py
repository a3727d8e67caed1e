"""An Accounting-Request as ACR, and whether its ACA says that the record is kept (RFC 6733 §9, RFC 7155 §3.9, §4.6)."""

from collections.abc import Mapping

from aaa.radius.nas import first_number
from aaa.radius.translation.answer import FOR_ANOTHER_SERVER
from aaa.radius.translation.conversation import Conversation, Conversations
from aaa.radius.translation.request import CARRIED, carried
from hss.session_api import AccountingRecord, AccountingStatus
from wire.diameter.accounting import AccountingAnswer, AccountingRecordType, AccountingRequest
from wire.diameter.avp import Avp
from wire.diameter.command import Identity
from wire.diameter.results import is_transient
from wire.radius.accounting import TerminateCause
from wire.radius.packet import RadiusPacket

RECORD_TYPES: Mapping[AccountingStatus, AccountingRecordType] = {
    AccountingStatus.START: AccountingRecordType.START,
    AccountingStatus.INTERIM: AccountingRecordType.INTERIM,
    AccountingStatus.STOP: AccountingRecordType.STOP,
}
"""Accounting-On and -Off are about a NAS and no session."""
ACCOUNTED = (*CARRIED, "Acct-Session-Id", "Acct-Authentic", "Framed-IP-Address")
_FRAMED_IPV6_ADDRESS = 168
"""RFC 6911 §3.1: the same number in Diameter, which this dictionary lacks; without M, so that nobody refuses it."""
_RADIUS_CAUSES = 10
"""Termination-Cause is the Acct-Terminate-Cause and 10 more, up to Port Disabled (RFC 7155 §4.6, RFC 3580 §5)."""


def to_acr(
    packet: RadiusPacket,
    record: AccountingRecord,
    conversation: Conversation,
    *,
    identity: Identity,
    client: str,
    realm: str,
) -> AccountingRequest:
    """What `packet`, which says `record`, tells the servers of `realm`; a retransmission of it tells the same again.

    Event-Timestamp is when it happened, so there is no Acct-Delay-Time. DecodeError for a User-Name that is no text.
    """
    usage = record.usage
    return AccountingRequest(
        session_id=conversation.session_id(identity.origin_host, client),
        origin_host=identity.origin_host,
        origin_realm=identity.origin_realm,
        destination_realm=realm,
        destination_host=conversation.server or None,
        accounting_record_type=RECORD_TYPES[record.status],
        accounting_record_number=_number(record),
        user_name=packet.text("User-Name"),
        event_timestamp=record.at,
        acct_session_time=usage.seconds,
        accounting_input_octets=usage.octets_in,
        accounting_output_octets=usage.octets_out,
        accounting_input_packets=usage.packets_in,
        accounting_output_packets=usage.packets_out,
        termination_cause=_termination(packet),
        classes=tuple(value for value in packet.values("Class") if not Conversations.is_class(value)),
        extra=(*carried(packet, ACCOUNTED), *_addresses(packet)),
    )


def is_final(aca: AccountingAnswer) -> bool:
    """Whether there is no use in telling it again: it is kept, or never will be (RFC 6733 §7.1.3, §7.1.4)."""
    result = aca.result_code
    return result is not None and result not in FOR_ANOTHER_SERVER and not is_transient(result)


def _number(record: AccountingRecord) -> int:
    """RFC 6733 §9.8.3: 0 for the first; then any that differ, and no process has counted those before."""
    if record.status is AccountingStatus.START:
        return 0
    return int.from_bytes(record.fingerprint[:4], "big") or 1


def _addresses(packet: RadiusPacket) -> list[Avp]:
    return [Avp(_FRAMED_IPV6_ADDRESS, 0, 0, value) for value in packet.values("Framed-IPv6-Address")]


def _termination(packet: RadiusPacket) -> int | None:
    cause = first_number(packet, "Acct-Terminate-Cause")
    return cause + _RADIUS_CAUSES if cause is not None and 0 < cause <= TerminateCause.PORT_DISABLED else None
