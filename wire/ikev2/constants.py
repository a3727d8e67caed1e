"""Numbers of IKEv2 by their names in the registry (RFC 7296 §3, and the RFCs named beside them)."""

from enum import IntEnum


class ExchangeType(IntEnum):
    """What a message belongs to (RFC 7296 §3.1)."""

    IKE_SA_INIT = 34
    IKE_AUTH = 35
    CREATE_CHILD_SA = 36
    INFORMATIONAL = 37


class PayloadType(IntEnum):
    """The Next Payload field (RFC 7296 §3.2)."""

    NONE = 0
    SA = 33
    KE = 34
    IDI = 35
    IDR = 36
    CERT = 37
    CERTREQ = 38
    AUTH = 39
    NONCE = 40
    NOTIFY = 41
    DELETE = 42
    VENDOR = 43
    TSI = 44
    TSR = 45
    SK = 46
    CP = 47
    EAP = 48
    SKF = 53


class ProtocolId(IntEnum):
    """What a proposal or an SPI is of (RFC 7296 §3.3.1)."""

    NONE = 0
    IKE = 1
    AH = 2
    ESP = 3


class TransformType(IntEnum):
    """Kinds of transforms (RFC 7296 §3.3.2)."""

    ENCR = 1
    PRF = 2
    INTEG = 3
    DH = 4
    ESN = 5


class PrfId(IntEnum):
    """Transforms of type PRF."""

    HMAC_SHA1 = 2
    HMAC_SHA2_256 = 5
    HMAC_SHA2_384 = 6
    HMAC_SHA2_512 = 7


class DhGroup(IntEnum):
    """Transforms of type DH (RFC 3526, RFC 5903, RFC 8031)."""

    NONE = 0
    MODP_2048 = 14
    MODP_3072 = 15
    MODP_4096 = 16
    ECP_256 = 19
    ECP_384 = 20
    ECP_521 = 21
    CURVE25519 = 31


class Esn(IntEnum):
    """Transforms of type ESN: 32-bit or 64-bit sequence numbers."""

    NO = 0
    YES = 1


class IdType(IntEnum):
    """What an Identification payload holds (RFC 7296 §3.5)."""

    IPV4_ADDR = 1
    FQDN = 2
    RFC822_ADDR = 3
    IPV6_ADDR = 5
    DER_ASN1_DN = 9
    DER_ASN1_GN = 10
    KEY_ID = 11


class AuthMethod(IntEnum):
    """How an AUTH payload was made (RFC 7296 §3.8, RFC 4754, RFC 7427)."""

    RSA_SIGNATURE = 1
    SHARED_KEY = 2
    ECDSA_256 = 9
    ECDSA_384 = 10
    ECDSA_521 = 11
    DIGITAL_SIGNATURE = 14


class HashAlgorithm(IntEnum):
    """What SIGNATURE_HASH_ALGORITHMS lists (RFC 7427 §4)."""

    SHA1 = 1
    SHA2_256 = 2
    SHA2_384 = 3
    SHA2_512 = 4
    IDENTITY = 5  # RFC 8420 §2


class CertEncoding(IntEnum):
    """What a CERT or CERTREQ payload holds (RFC 7296 §3.6)."""

    X509_SIGNATURE = 4


class ConfigurationType(IntEnum):
    """CFG Type of a CP payload (RFC 7296 §3.15)."""

    REQUEST = 1
    REPLY = 2
    SET = 3
    ACK = 4


class ConfigurationAttributeType(IntEnum):
    """Attributes of a CP payload (RFC 7296 §3.15.1, RFC 5026 §8.2)."""

    INTERNAL_IP4_ADDRESS = 1
    INTERNAL_IP4_NETMASK = 2
    INTERNAL_IP4_DNS = 3
    APPLICATION_VERSION = 7
    INTERNAL_IP6_ADDRESS = 8
    INTERNAL_IP6_DNS = 10
    SUPPORTED_ATTRIBUTES = 14
    MIP6_HOME_PREFIX = 16
    P_CSCF_IP4_ADDRESS = 20  # this and the next: RFC 7651
    P_CSCF_IP6_ADDRESS = 21


class TsType(IntEnum):
    """Traffic Selector types (RFC 7296 §3.13.1)."""

    IPV4_ADDR_RANGE = 7
    IPV6_ADDR_RANGE = 8


class NotifyType(IntEnum):
    """Notify Message Types: errors below 16384, status from there on (RFC 7296 §3.10.1)."""

    UNSUPPORTED_CRITICAL_PAYLOAD = 1
    INVALID_IKE_SPI = 4
    INVALID_MAJOR_VERSION = 5
    INVALID_SYNTAX = 7
    INVALID_MESSAGE_ID = 9
    INVALID_SPI = 11
    NO_PROPOSAL_CHOSEN = 14
    INVALID_KE_PAYLOAD = 17
    AUTHENTICATION_FAILED = 24
    SINGLE_PAIR_REQUIRED = 34
    NO_ADDITIONAL_SAS = 35
    INTERNAL_ADDRESS_FAILURE = 36
    FAILED_CP_REQUIRED = 37
    TS_UNACCEPTABLE = 38
    INVALID_SELECTORS = 39
    UNACCEPTABLE_ADDRESSES = 40  # this and the next: RFC 4555
    UNEXPECTED_NAT_DETECTED = 41
    USE_ASSIGNED_HOA = 42  # RFC 5026 §8.3
    TEMPORARY_FAILURE = 43
    CHILD_SA_NOT_FOUND = 44
    NON_3GPP_ACCESS_TO_EPC_NOT_ALLOWED = 9000  # this and the next ones: TS 24.302 §8.1.2.2
    USER_UNKNOWN = 9001
    NO_APN_SUBSCRIPTION = 9002
    AUTHORIZATION_REJECTED = 9003
    ILLEGAL_ME = 9006
    NETWORK_FAILURE = 10500
    RAT_TYPE_NOT_ALLOWED = 11001
    PLMN_NOT_ALLOWED = 11011
    INITIAL_CONTACT = 16384
    NAT_DETECTION_SOURCE_IP = 16388
    NAT_DETECTION_DESTINATION_IP = 16389
    COOKIE = 16390
    USE_TRANSPORT_MODE = 16391
    REKEY_SA = 16393
    MOBIKE_SUPPORTED = 16396  # this and the next ones: RFC 4555
    ADDITIONAL_IP4_ADDRESS = 16397
    ADDITIONAL_IP6_ADDRESS = 16398
    NO_ADDITIONAL_ADDRESSES = 16399
    UPDATE_SA_ADDRESSES = 16400
    COOKIE2 = 16401
    NO_NATS_ALLOWED = 16402
    AUTH_LIFETIME = 16403
    REDIRECT_SUPPORTED = 16406  # this and the next two: RFC 5685
    REDIRECT = 16407
    REDIRECTED_FROM = 16408
    EAP_ONLY_AUTHENTICATION = 16417  # RFC 5998
    IKEV2_FRAGMENTATION_SUPPORTED = 16430  # RFC 7383
    SIGNATURE_HASH_ALGORITHMS = 16431  # RFC 7427


FIRST_STATUS_NOTIFY = 16384


def name_of(kind: type[IntEnum], number: int) -> str:
    """The registry's name of `number`, or the number itself when this project gives it none."""
    try:
        return kind(number).name
    except ValueError:
        return str(number)
