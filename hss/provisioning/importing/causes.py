"""Why a row of a file becomes no subscriber: a word to count by, and a line to act on; never what stands in the row."""

from enum import Enum


class Cause(Enum):
    """What is wrong with a row."""

    FORM = "form"
    IMSI = "imsi"
    TWICE = "twice"
    EXISTS = "exists"
    KEY_FORM = "key-form"
    KEY_LENGTH = "key-length"
    TRANSPORT = "transport"
    CHECK_VALUE = "check-value"
    OPC = "opc"
    AMF = "amf"
    MSISDN = "msisdn"
    APN = "apn"
    PROFILE = "profile"


class RowRefused(ValueError):
    """A row that goes to quarantine; the message is one line and repeats nothing of the row."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause
