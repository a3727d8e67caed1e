"""One good message of each command, as two real nodes would send them."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

from wire.diameter import accounting, peering, s6a, sessions, swx
from wire.diameter.applications import Application
from wire.diameter.authorization import AaAnswer, AaRequest
from wire.diameter.capabilities import LocalNode, advertise
from wire.diameter.command import ExperimentalResult
from wire.diameter.eap import DiameterEapAnswer, DiameterEapRequest
from wire.diameter.enumerations import (
    AnTrusted,
    AuthRequestType,
    DisconnectCause,
    Non3gppIpAccess,
    Non3gppIpAccessApn,
    PdnGwAllocationType,
    PdnType,
    ReasonCode,
    ReAuthRequestType,
    ServerAssignmentType,
    SubscriptionIdType,
    TerminationCause,
)
from wire.diameter.message import Message
from wire.diameter.mip6i import Mip6iEapAnswer, Mip6iEapRequest
from wire.diameter.profile import (
    Ambr,
    ApnConfiguration,
    Mip6AgentInfo,
    MipHomeAgentHost,
    Non3gppUserData,
    SubscriptionId,
)
from wire.diameter.s6b import S6bEapAnswer, S6bEapRequest
from wire.diameter.sta import StaEapAnswer, StaEapRequest
from wire.diameter.swm import SwmEapAnswer, SwmEapRequest
from wire.secret import Secret

REALM = "epc.mnc001.mcc001.3gppnetwork.org"
GATEWAY = LocalNode(f"pgw.{REALM}", REALM, (Application.EAP, Application.S6B))
AAA = LocalNode(f"aaa.{REALM}", REALM, (Application.EAP, Application.S6B))
IDENTITY = "0001010000000001@nai.epc.mnc001.mcc001.3gppnetwork.org"
SESSION = f"{GATEWAY.origin_host};1876543210;523"
MSK = Secret(bytes(range(64)))

CER = advertise(GATEWAY, (IPv4Address("127.0.0.1"), IPv6Address("::1")))
CEA = peering.CapabilitiesExchangeAnswer(
    result_code=2001,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    host_ip_addresses=(IPv4Address("127.0.0.2"),),
    vendor_id=0,
    product_name="Akadia",
    supported_vendor_ids=(10415,),
    auth_application_ids=(Application.EAP,),
)
DWR = peering.DeviceWatchdogRequest(origin_host=GATEWAY.origin_host, origin_realm=REALM, origin_state_id=7)
DPR = peering.DisconnectPeerRequest(
    origin_host=GATEWAY.origin_host, origin_realm=REALM, disconnect_cause=DisconnectCause.REBOOTING
)
EAP_DER = DiameterEapRequest(
    session_id=SESSION,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name=IDENTITY,
    eap_payload=b"\x02\x01\x00\x3b\x01" + IDENTITY.encode(),
)
S6B_DER = S6bEapRequest(
    session_id=SESSION,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    destination_host=AAA.origin_host,
    user_name=IDENTITY,
    eap_payload=b"\x02\x02\x00\x08\x17\x01\x00\x00",
    states=(b"sealed",),
    service_selection="internet",
    rat_type=0,
    mip6_feature_vector=1,
    mip6_agent_info=Mip6AgentInfo(home_agent_addresses=(IPv6Address("2001:db8::1"),)),
    mip_careof_address=IPv4Address("127.0.0.10"),
)
EAP_DEA = DiameterEapAnswer(
    session_id=SESSION,
    auth_application_id=Application.EAP,
    auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE,
    result_code=1001,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    eap_payload=b"\x01\x02\x00\x08\x17\x01\x00\x00",
    states=(b"sealed",),
    multi_round_time_out=30,
)
APN = ApnConfiguration(
    context_identifier=1,
    served_party_ip_addresses=(IPv6Address("2001:db8:1::10"),),
    pdn_type=PdnType.IPV6,
    service_selection="internet",
    pdn_gw_allocation_type=PdnGwAllocationType.DYNAMIC,
    ambr=Ambr(uplink=1_000_000, downlink=2_000_000),
    mip6_agent_info=Mip6AgentInfo(
        home_agent_host=MipHomeAgentHost(destination_realm=REALM, destination_host=GATEWAY.origin_host)
    ),
)
S6B_DEA = S6bEapAnswer(
    session_id=SESSION,
    auth_application_id=Application.S6B,
    auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE,
    result_code=2001,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    user_name=IDENTITY,
    eap_payload=b"\x03\x02\x00\x04",
    eap_master_session_key=MSK,
    session_timeout=3600,
    mobile_node_identifier=IDENTITY,
    apn_configuration=APN,
)
ACR = accounting.AccountingRequest(
    session_id=SESSION,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    accounting_record_type=accounting.AccountingRecordType.STOP,
    accounting_record_number=0x01020304,
    user_name=IDENTITY,
    event_timestamp=datetime(2027, 1, 2, 12, tzinfo=UTC),
    acct_session_time=3600,
    accounting_input_octets=1 << 33,
    accounting_output_octets=5,
    termination_cause=11,
    classes=(b"home",),
)
ACA = accounting.AccountingAnswer(
    session_id=SESSION,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    result_code=2001,
    accounting_record_type=accounting.AccountingRecordType.STOP,
    accounting_record_number=0x01020304,
)
STR = sessions.SessionTerminationRequest(
    session_id=SESSION,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name=IDENTITY,
    termination_cause=TerminationCause.LOGOUT,
)
SWM_DER = SwmEapRequest(
    session_id=SESSION,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name=IDENTITY,
    eap_payload=b"\x02\x03\x00\x08\x17\x01\x00\x00",
    service_selection="ims",
    rat_type=0,
    mip6_feature_vector=1,
    visited_network_identifier=b"mnc001.mcc001.3gppnetwork.org",
    ue_local_ip_address=IPv4Address("127.0.0.10"),
    emergency_services=1,
)
SWM_DEA = SwmEapAnswer(
    session_id=SESSION,
    auth_application_id=Application.SWM,
    auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE,
    result_code=2001,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    user_name=IDENTITY,
    eap_payload=b"\x03\x03\x00\x04",
    eap_master_session_key=MSK,
    session_timeout=3600,
    mobile_node_identifier=IDENTITY,
    context_identifier=1,
    apn_configurations=(APN, replace(APN, context_identifier=2, service_selection="ims")),
    ambr=Ambr(uplink=3_000_000, downlink=4_000_000),
    mip6_feature_vector=1,
    mip6_agent_info=Mip6AgentInfo(home_agent_addresses=(IPv6Address("2001:db8::1"),)),
)
STA_DER = StaEapRequest(
    session_id=SESSION,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name=IDENTITY,
    eap_payload=b"\x02\x04\x00\x08\x17\x01\x00\x00",
    calling_station_id="00-10-A4-23-19-C0",
    rat_type=0,
    mip6_feature_vector=1,
)
STA_DEA = StaEapAnswer(
    session_id=SESSION,
    auth_application_id=Application.STA,
    auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE,
    result_code=2001,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    eap_payload=b"\x03\x04\x00\x04",
    eap_master_session_key=MSK,
    context_identifier=1,
    apn_configurations=(APN,),
    an_trusted=AnTrusted.TRUSTED,
)
MIP6I_DER = Mip6iEapRequest(
    session_id=SESSION,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name=IDENTITY,
    eap_payload=b"\x02\x05\x00\x08\x17\x01\x00\x00",
    service_selection="internet",
    mip6_feature_vector=1,
    mip6_agent_info=Mip6AgentInfo(home_agent_addresses=(IPv6Address("2001:db8::1"),)),
    mobile_node_addresses=(IPv6Address("2001:db8:1::10"), IPv4Address("192.0.2.10")),
)
MIP6I_DEA = Mip6iEapAnswer(
    session_id=SESSION,
    auth_application_id=Application.MIP6I,
    auth_request_type=AuthRequestType.AUTHORIZE_AUTHENTICATE,
    result_code=2001,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    eap_payload=b"\x03\x05\x00\x04",
    eap_master_session_key=MSK,
    mip6_feature_vector=1,
    mobile_node_addresses=(IPv6Address("2001:db8:1::10"),),
    service_selection="internet",
)
S6B_AAR = AaRequest(
    session_id=SESSION,
    auth_application_id=Application.S6B,
    origin_host=GATEWAY.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name=IDENTITY,
    service_selection="internet",
    mip6_feature_vector=1,
    mip6_agent_info=Mip6AgentInfo(home_agent_addresses=(IPv6Address("2001:db8::1"),)),
)
S6B_AAA = AaAnswer(
    session_id=SESSION,
    auth_application_id=Application.S6B,
    auth_request_type=AuthRequestType.AUTHORIZE_ONLY,
    result_code=2001,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    session_timeout=3600,
    mip6_feature_vector=1,
    apn_configurations=(APN,),
)
SWM_AAR = replace(
    S6B_AAR, auth_application_id=Application.SWM, service_selection=None, mip6_feature_vector=None, mip6_agent_info=None
)
SWM_AAA = replace(
    S6B_AAA, auth_application_id=Application.SWM, context_identifier=1, apn_configurations=SWM_DEA.apn_configurations
)
STA_AAR = replace(SWM_AAR, auth_application_id=Application.STA)
ASR = sessions.AbortSessionRequest(
    session_id=SESSION,
    auth_application_id=Application.MIP6I,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    destination_host=GATEWAY.origin_host,
    user_name=IDENTITY,
)
RAR = sessions.ReAuthRequest(
    session_id=SESSION,
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    destination_host=GATEWAY.origin_host,
    re_auth_request_type=ReAuthRequestType.AUTHORIZE_ONLY,
)
MAR = swx.MultimediaAuthRequest(
    session_id="aaa;1",
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name="001010000000001",
    anid="WLAN",
    rat_type=0,
    auth_data_item=swx.SipAuthDataItem(authentication_scheme="EAP-AKA'", authorization=Secret(bytes(30))),
)
MAA = swx.MultimediaAuthAnswer(
    session_id="aaa;1",
    result_code=2001,
    origin_host=f"hss.{REALM}",
    origin_realm=REALM,
    user_name="001010000000001",
    number_auth_items=1,
    auth_data_items=(
        swx.SipAuthDataItem(
            item_number=1,
            authentication_scheme="EAP-AKA",
            authenticate=b"R" * 16 + b"A" * 16,
            authorization=Secret(b"X" * 8),
            confidentiality_key=Secret(b"C" * 16),
            integrity_key=Secret(b"I" * 16),
        ),
    ),
)
SAR = swx.ServerAssignmentRequest(
    session_id="aaa;2",
    origin_host=AAA.origin_host,
    origin_realm=REALM,
    destination_realm=REALM,
    user_name="001010000000001",
    server_assignment_type=ServerAssignmentType.REGISTRATION,
)
RTR = swx.RegistrationTerminationRequest(
    session_id="hss;1",
    origin_host=f"hss.{REALM}",
    origin_realm=REALM,
    destination_realm=REALM,
    destination_host=AAA.origin_host,
    user_name="001010000000001",
    deregistration_reason=swx.DeregistrationReason(reason_code=ReasonCode.PERMANENT_TERMINATION, reason_info="barred"),
)
RTA = swx.RegistrationTerminationAnswer(
    session_id="hss;1", result_code=2001, origin_host=AAA.origin_host, origin_realm=REALM
)
SAA = swx.ServerAssignmentAnswer(
    session_id="aaa;2",
    result_code=2001,
    origin_host=f"hss.{REALM}",
    origin_realm=REALM,
    user_name="001010000000001",
    non_3gpp_user_data=Non3gppUserData(
        subscription_ids=(SubscriptionId(type=SubscriptionIdType.END_USER_E164, data="49170123456"),),
        non_3gpp_ip_access=Non3gppIpAccess.NON_3GPP_SUBSCRIPTION_ALLOWED,
        non_3gpp_ip_access_apn=Non3gppIpAccessApn.NON_3GPP_APNS_ENABLE,
        context_identifier=1,
        apn_configurations=(APN,),
    ),
)
PPR = swx.PushProfileRequest(
    session_id="hss;2",
    origin_host=f"hss.{REALM}",
    origin_realm=REALM,
    destination_realm=REALM,
    destination_host=AAA.origin_host,
    user_name="001010000000001",
    non_3gpp_user_data=SAA.non_3gpp_user_data,
)
PPA = swx.PushProfileAnswer(session_id="hss;2", result_code=2001, origin_host=AAA.origin_host, origin_realm=REALM)
REFUSED = swx.MultimediaAuthAnswer(
    session_id="aaa;1",
    experimental_result=ExperimentalResult(code=5001),
    origin_host=f"hss.{REALM}",
    origin_realm=REALM,
    user_name="001010000000001",
)

AIR = s6a.AuthenticationInformationRequest(
    session_id="mme;1",
    origin_host=f"mme.{REALM}",
    origin_realm=REALM,
    destination_realm=REALM,
    user_name="001010000000001",
    requested_eutran=s6a.RequestedAuthenticationInfo(
        number_of_requested_vectors=2, immediate_response_preferred=0, re_synchronization_info=bytes(30)
    ),
    requested_utran_geran=s6a.RequestedAuthenticationInfo(number_of_requested_vectors=1),
    visited_plmn_id=b"\x00\xf1\x10",
)
AIA = s6a.AuthenticationInformationAnswer(
    session_id="mme;1",
    result_code=2001,
    origin_host=f"hss.{REALM}",
    origin_realm=REALM,
    authentication_info=s6a.AuthenticationInfo(
        e_utran_vectors=(
            s6a.EutranVector(
                item_number=1, rand=b"R" * 16, xres=Secret(b"X" * 8), autn=b"A" * 16, kasme=Secret(b"K" * 32)
            ),
        ),
        utran_vectors=(
            s6a.UtranVector(
                item_number=2,
                rand=b"S" * 16,
                xres=Secret(b"Y" * 8),
                autn=b"B" * 16,
                confidentiality_key=Secret(b"C" * 16),
                integrity_key=Secret(b"I" * 16),
            ),
        ),
    ),
)

REQUESTS = (
    CER, DWR, DPR, EAP_DER, S6B_DER, STR, RAR, MAR, SAR, RTR, PPR, AIR,
    SWM_DER, STA_DER, MIP6I_DER, S6B_AAR, SWM_AAR, STA_AAR, ASR, ACR,
)  # fmt: skip


def numbered(message: Message) -> Message:
    """With identifiers, as sent."""
    return message.numbered(hop_by_hop=0x01020304, end_to_end=0xA1A2A3A4)


ANSWERS = (
    (CEA, numbered(CER.message())),
    (EAP_DEA, numbered(EAP_DER.message())),
    (S6B_DEA, numbered(S6B_DER.message())),
    (MAA, numbered(MAR.message())),
    (REFUSED, numbered(MAR.message())),
    (SAA, numbered(SAR.message())),
    (RTA, numbered(RTR.message())),
    (PPA, numbered(PPR.message())),
    (AIA, numbered(AIR.message())),
    (SWM_DEA, numbered(SWM_DER.message())),
    (STA_DEA, numbered(STA_DER.message())),
    (MIP6I_DEA, numbered(MIP6I_DER.message())),
    (S6B_AAA, numbered(S6B_AAR.message())),
    (SWM_AAA, numbered(SWM_AAR.message())),
    (ACA, numbered(ACR.message())),
)

OCTETS = tuple(
    [numbered(request.message()).build() for request in REQUESTS]
    + [answer.message(request).build() for answer, request in ANSWERS]
)
"""Every sample, in octets."""
