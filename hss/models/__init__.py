"""The HSS's tables: each column says what it is and which clause defines it."""

from hss.models.active import ContinuedRound, Departure, DiameterSession, Errand, IdentityEpoch, RevokedIdentity
from hss.models.algorithm import Algorithm, AlgorithmProfile, Custody, Scheme
from hss.models.data_key import DataKey, KeyPurpose, KeyState
from hss.models.failure import FailedAuthentication
from hss.models.ind import FreedInd, IndGeneration
from hss.models.model import APN_LENGTH, DIAMETER_IDENTITY_LENGTH, Model
from hss.models.node import Notice, NoticeKind, Registration, RequestingNode, ServingGateway
from hss.models.record import ApiToken, AuditEntry, AuditHead, BatchState, ImportBatch
from hss.models.session import AccessGrant, AccessSession, AccountingEntry, ClientReport, NasRestart, RecordKind
from hss.models.subscriber import DEFAULT_PROFILE, Apn, Subscriber, SubscriberState

__all__ = [
    "APN_LENGTH",
    "DEFAULT_PROFILE",
    "DIAMETER_IDENTITY_LENGTH",
    "AccessGrant",
    "AccessSession",
    "AccountingEntry",
    "Algorithm",
    "AlgorithmProfile",
    "ApiToken",
    "Apn",
    "AuditEntry",
    "AuditHead",
    "BatchState",
    "ClientReport",
    "ContinuedRound",
    "Custody",
    "DataKey",
    "Departure",
    "DiameterSession",
    "Errand",
    "FailedAuthentication",
    "FreedInd",
    "IdentityEpoch",
    "ImportBatch",
    "IndGeneration",
    "KeyPurpose",
    "KeyState",
    "Model",
    "NasRestart",
    "Notice",
    "NoticeKind",
    "RecordKind",
    "Registration",
    "RequestingNode",
    "RevokedIdentity",
    "Scheme",
    "ServingGateway",
    "Subscriber",
    "SubscriberState",
]
