"""A request that lies as others did is read and judged as one that nobody has met."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.diameter.samples import AAA, EAP_DER, GATEWAY, IDENTITY, MAR, REALM, REQUESTS, S6B_DER, numbered
from wire.diameter.admission import Admission
from wire.diameter.avp import FLAG_MANDATORY, Avp, AvpFault
from wire.diameter.capabilities import PeerPolicy
from wire.diameter.command import Request
from wire.diameter.commands import name_of
from wire.diameter.layouts import MOST_AVPS, FamiliarAvps, Layouts
from wire.diameter.message import Message
from wire.diameter.mip6i import Mip6iEapRequest
from wire.diameter.swx import MultimediaAuthRequest
from wire.diameter.values import make
from wire.secret import Secret

OFTEN = 16
"""Requests of a kind after which one is learned."""
APPLICATIONS = frozenset(request.header_application for request in REQUESTS)
POLICY = PeerPolicy("gateway", GATEWAY.origin_host, REALM, agent=True)
HERE = replace(AAA, realms=(REALM,))


def admission() -> Admission:
    return Admission(HERE, POLICY, APPLICATIONS)


def octets_of(request: Request) -> bytes:
    return numbered(request.message()).build()


def learned(octets: bytes) -> Admission:
    """What has met `octets` as often as it takes."""
    rules = admission()
    for _ in range(OFTEN):
        rules.admit(rules.read(octets))
    return rules


def judged(rules: Admission, octets: bytes, kind: type[Request]) -> tuple[object, ...]:
    """All that a node makes of a message: itself, what it is told apart by, and its record; or its fault."""
    try:
        message = rules.read(octets)
        rules.admit(message)
        record = kind.parse(message)
    except AvpFault as fault:
        return fault.result, fault.reason, fault.offset, fault.failed, fault.before
    offsets = [avp.offset for avp in message.avps]
    again = Message.parse(message.build())
    return message, record, message.asker, set(message.keys), dict(message.firsts), offsets, again


FOR_THE_GATEWAY = ("ASR", "RAR")
TWICE = [request for request in REQUESTS if isinstance(request, Mip6iEapRequest)]
"""They have an AVP twice."""
ONCE = [
    request
    for request in REQUESTS
    if request.header_application and name_of(request.message()) not in FOR_THE_GATEWAY and request not in TWICE
]


@pytest.mark.parametrize("request_", ONCE, ids=lambda one: type(one).__name__)
def test_request_of_any_command_is_familiar_when_it_comes_again(request_: Request) -> None:
    octets, kind = octets_of(request_), type(request_)
    rules = learned(octets)
    message = rules.read(octets)
    assert type(message.avps) is FamiliarAvps
    assert message == Message.parse(octets)
    assert kind.parse(message) == request_
    assert judged(rules, octets, kind) == judged(admission(), octets, kind)


@given(st.sampled_from([*ONCE, *TWICE]), st.data())
def test_whatever_differs_from_what_was_learned_is_judged_alike(request_: Request, data: st.DataObject) -> None:
    octets, kind = octets_of(request_), type(request_)
    rules = learned(octets)
    changed = bytearray(octets)
    for at in data.draw(st.lists(st.integers(4, len(octets) - 1), max_size=3)):
        changed[at] = data.draw(st.integers(0, 255))
    assert judged(rules, bytes(changed), kind) == judged(admission(), bytes(changed), kind)


def test_every_octet_of_a_request_counts() -> None:
    octets = octets_of(S6B_DER)
    rules = learned(octets)
    for at in range(4, len(octets)):
        changed = octets[:at] + bytes([octets[at] ^ 0x81]) + octets[at + 1 :]
        assert judged(rules, changed, type(S6B_DER)) == judged(admission(), changed, type(S6B_DER))


def test_what_users_differ_by_varies_and_who_asks_does_not() -> None:
    der = replace(S6B_DER, ue_local_ip_address=IPv4Address("192.0.2.1"), origin_state_id=7)
    rules = learned(octets_of(der))
    another = replace(
        der,
        session_id=der.session_id[:-1] + "9",
        user_name=IDENTITY.replace("1@", "2@"),
        eap_payload=bytes(len(der.eap_payload)),
        states=(b"opened",),
        service_selection="extranet",
        ue_local_ip_address=IPv4Address("192.0.2.2"),
        origin_state_id=8,
    )
    message = rules.read(octets_of(another))
    assert type(message.avps) is FamiliarAvps
    assert type(another).parse(message) == another
    assert message.avps.values[0] == another.session_id
    for other in (
        replace(der, origin_host="x" + der.origin_host[1:]),
        replace(der, destination_host="x" + AAA.origin_host[1:]),
        replace(der, auth_application_id=5),
        replace(der, rat_type=1),
        replace(der, user_name=IDENTITY[1:]),
        replace(der, user_name=None),
    ):
        assert type(rules.read(octets_of(other)).avps) is tuple


def test_avp_that_a_record_does_not_name_is_in_its_extra() -> None:
    def asked(port: str) -> Message:
        der = numbered(EAP_DER.message())
        return der.with_avps((*der.avps, make("NAS-Port-Id", port)))

    rules = learned(asked("port 1").build())
    message = rules.read(asked("port 2").build())
    assert type(message.avps) is FamiliarAvps
    assert type(EAP_DER).parse(message).extra == (make("NAS-Port-Id", "port 2"),)


def test_what_another_has_admitted_is_judged() -> None:
    octets = octets_of(EAP_DER)
    message = learned(octets).read(octets)
    with pytest.raises(AvpFault):
        Admission(HERE, replace(POLICY, origin_host="other.example", agent=False), APPLICATIONS).admit(message)


def test_key_material_stands_and_stays_a_secret() -> None:
    message = numbered(EAP_DER.message())
    octets = message.with_avps((*message.avps, Avp(464, 0, FLAG_MANDATORY, b"key"))).build()
    rules = learned(octets)
    assert "key" not in repr(rules.read(octets))
    assert type(rules.read(octets).avps) is FamiliarAvps
    assert type(rules.read(octets.replace(b"key", b"yek")).avps) is tuple


def test_what_comes_once_is_not_learned_and_what_goes_on_is() -> None:
    layouts, octets = Layouts(size=2, often=3), octets_of(EAP_DER)
    for _ in range(3):
        assert layouts.read(octets) is None
        layouts.met(Message.parse(octets))
    assert layouts.read(octets) is not None


def test_no_more_is_learned_than_there_is_room_for() -> None:
    layouts = Layouts(size=2, often=1)
    for length in range(10):
        request = numbered(replace(EAP_DER, session_id="s" * (length + 1)).message())
        layouts.met(replace(request, command=length))
        assert layouts.read(replace(request, command=length).build()) is not None
        assert len(layouts._layouts) <= 2
        assert len(layouts._met) <= 2


@pytest.mark.parametrize(
    "avps",
    [
        (),
        (make("Origin-Host", "a"), make("Session-Id", "s")),
        (make("Session-Id", "s"), make("State", b"1"), make("State", b"2")),
        (make("Session-Id", "s"), *[Avp(code, 65001, 0x80, b"") for code in range(MOST_AVPS)]),
    ],
    ids=["no AVP", "another one first", "one twice", "too many"],
)
def test_what_lies_in_no_order_has_no_layout(avps: tuple[Avp, ...]) -> None:
    layouts, message = Layouts(often=1), numbered(EAP_DER.message()).with_avps(avps)
    layouts.met(message)
    assert not layouts._layouts


def test_padding_that_is_not_zero_is_read_the_long_way_where_it_stands() -> None:
    octets = octets_of(EAP_DER)
    rules = learned(octets)
    padding = octets.index(b"org\0\0\0") + 3
    padded = octets[:padding] + b"\x01" + octets[padding + 1 :]
    assert type(rules.read(padded).avps) is tuple
    assert judged(rules, padded, type(EAP_DER)) == judged(admission(), padded, type(EAP_DER))


def test_resynchronisation_is_asked_for_by_other_octets_each_time() -> None:
    rules = learned(octets_of(MAR))
    item = replace(MAR.auth_data_item, authorization=Secret(b"RAND-AUTS"))
    message = rules.read(octets_of(replace(MAR, auth_data_item=item)))
    rules.admit(message)
    assert MultimediaAuthRequest.parse(message).auth_data_item == item
