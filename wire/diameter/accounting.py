"""ACR and ACA: what a session has used, told to the server that keeps it (RFC 6733 §9.7, RFC 7155 §3.9, §3.10)."""

from dataclasses import field
from datetime import datetime
from enum import IntEnum
from typing import ClassVar

from wire.diameter.applications import Application
from wire.diameter.command import Answer, Request
from wire.diameter.grammar import grammar
from wire.diameter.record import avp
from wire.frozen import dataclass

ACCOUNTING_COMMAND = 271


class AccountingRecordType(IntEnum):
    """RFC 6733 §9.8.1."""

    EVENT = 1
    START = 2
    INTERIM = 3
    STOP = 4


ACR = grammar("""
    < Session-Id > [ DRMP ] { Origin-Host } { Origin-Realm } { Destination-Realm } { Accounting-Record-Type }
    { Accounting-Record-Number } [ Acct-Application-Id ] [ Vendor-Specific-Application-Id ] [ User-Name ]
    [ Destination-Host ] [ Accounting-Sub-Session-Id ] [ Acct-Session-Id ] [ Acct-Interim-Interval ]
    [ Accounting-Realtime-Required ] [ Origin-State-Id ] [ Event-Timestamp ] * [ Proxy-Info ] * [ Route-Record ]
    * [ AVP ]
""")
ACA = grammar("""
    < Session-Id > [ DRMP ] { Result-Code } { Origin-Host } { Origin-Realm } { Accounting-Record-Type }
    { Accounting-Record-Number } [ Acct-Application-Id ] [ Vendor-Specific-Application-Id ] [ User-Name ]
    [ Accounting-Sub-Session-Id ] [ Acct-Session-Id ] [ Error-Message ] [ Error-Reporting-Host ] * [ Failed-AVP ]
    [ Acct-Interim-Interval ] [ Accounting-Realtime-Required ] [ Origin-State-Id ] [ Event-Timestamp ]
    * [ Proxy-Info ] * [ AVP ]
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingRequest(Request):
    """One record, of Diameter Base Accounting; octets and packets are counted as the user sees them.

    `accounting_record_number` tells the records of a session apart, and is 0 in the first (RFC 6733 §9.8.3).
    """

    COMMAND: ClassVar[int] = ACCOUNTING_COMMAND

    session_id: str = field(metadata=avp("Session-Id"))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    destination_realm: str = field(metadata=avp("Destination-Realm"))
    destination_host: str | None = field(default=None, metadata=avp("Destination-Host"))
    accounting_record_type: AccountingRecordType = field(metadata=avp("Accounting-Record-Type", AccountingRecordType))
    accounting_record_number: int = field(metadata=avp("Accounting-Record-Number"))
    acct_application_id: int | None = field(default=Application.BASE_ACCOUNTING, metadata=avp("Acct-Application-Id"))
    user_name: str | None = field(default=None, metadata=avp("User-Name"))
    event_timestamp: datetime | None = field(default=None, metadata=avp("Event-Timestamp"))
    acct_session_time: int | None = field(default=None, metadata=avp("Acct-Session-Time"))
    accounting_input_octets: int | None = field(default=None, metadata=avp("Accounting-Input-Octets"))
    accounting_output_octets: int | None = field(default=None, metadata=avp("Accounting-Output-Octets"))
    accounting_input_packets: int | None = field(default=None, metadata=avp("Accounting-Input-Packets"))
    accounting_output_packets: int | None = field(default=None, metadata=avp("Accounting-Output-Packets"))
    termination_cause: int | None = field(default=None, metadata=avp("Termination-Cause"))
    classes: tuple[bytes, ...] = field(default=(), metadata=avp("Class"))

    @property
    def header_application(self) -> int:
        """Acct-Application-Id (RFC 6733 §3: the two must agree)."""
        return Application.BASE_ACCOUNTING


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingAnswer(Answer):
    """ACA of RFC 6733 §9.7.2: success says that the record is kept (§9.4)."""

    session_id: str = field(metadata=avp("Session-Id"))
    origin_host: str = field(metadata=avp("Origin-Host"))
    origin_realm: str = field(metadata=avp("Origin-Realm"))
    accounting_record_type: AccountingRecordType | None = field(
        default=None, metadata=avp("Accounting-Record-Type", AccountingRecordType)
    )
    accounting_record_number: int | None = field(default=None, metadata=avp("Accounting-Record-Number"))
