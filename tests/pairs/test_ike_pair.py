"""Both IKE machines joined by a network that loses, doubles and reorders; EAP is a stub of two rounds."""

from dataclasses import replace
from ipaddress import IPv6Network

import pytest

from pdngw_proxy.aaa_link.port import RelayUnavailable
from pdngw_proxy.ike.events import AddressRefused, Closed, DatagramArrived, Discarded, Established
from pdngw_proxy.ike.policy import Admission
from tests.ike_link import (
    GATEWAY,
    HA_ADDRESS,
    HOME_ADDRESS,
    NAI,
    UE,
    IkeLink,
    ike_link,
    initiator_policy,
    pki,
    responder_policy,
)
from ue_sim.ike.events import ChildRequested, CloseRequested, EapReply, IkeKeysReady
from ue_sim.ike.events import Established as UeEstablished
from ue_sim.ike.states import Connected, Ended
from wire.ciphers import AES_CBC_128, AES_CBC_256, HMAC_SHA2_256_128, HMAC_SHA2_384_192
from wire.esp.sa import InboundSa, OutboundSa
from wire.ikev2.algorithms import PRF_HMAC_SHA2_256, PRF_HMAC_SHA2_384
from wire.ikev2.child import ChildSa, Mode
from wire.ikev2.constants import DhGroup, TransformType
from wire.ikev2.groups import ECP_256, MODP_2048
from wire.ikev2.payloads.sa import Proposal, Transform
from wire.ikev2.proposal import ESP_PROPOSALS, IKE_PROPOSALS, esp_proposal, ike_proposal
from wire.ikev2.selectors import MOBILITY_HEADER, TrafficSelector

DATA = ChildRequested(
    Mode.TUNNEL,
    (TrafficSelector.address(HOME_ADDRESS),),
    (TrafficSelector.network(IPv6Network("::/0")),),
)
CBC_IKE = ike_proposal((AES_CBC_128,), (HMAC_SHA2_256_128,), (PRF_HMAC_SHA2_256,), (MODP_2048,))
CBC_ESP = esp_proposal((AES_CBC_256,), (HMAC_SHA2_384_192,))


def assert_agreed(link: IkeLink) -> None:
    """Everything that both ends must hold alike."""
    assert isinstance(link.ue.state, Connected), link.closed
    for mine, theirs in zip(link.ue_children, link.gateway_children, strict=True):
        assert (mine.spi_in, mine.keys_in, mine.local) == (theirs.spi_out, theirs.keys_out, theirs.remote)
        assert (mine.spi_out, mine.keys_out, mine.remote) == (theirs.spi_in, theirs.keys_in, theirs.local)
        assert (mine.mode, mine.encryption, mine.esn) == (theirs.mode, theirs.encryption, theirs.esn)
        assert_carries(mine, theirs)


def assert_carries(mine: ChildSa, theirs: ChildSa) -> None:
    for sender, receiver in ((mine, theirs), (theirs, mine)):
        outbound = OutboundSa(spi=sender.spi_out, protector=sender.protector_out, random=bytes, extended=sender.esn)
        inbound = InboundSa(spi=receiver.spi_in, protector=receiver.protector_in, extended=receiver.esn)
        assert inbound.open(outbound.seal(b"a packet", 59)) == (b"a packet", 59)


def test_attach_takes_ten_messages() -> None:
    # IKE_SA_INIT { SAi1, KEi, Ni } -->               <-- IKE_SA_INIT { SAr1, KEr, Nr }
    # IKE_AUTH { IDi, CP, SAi2, TSi, TSr } -->        <-- IKE_AUTH { IDr, CERT, AUTH, EAP }
    # IKE_AUTH { EAP } -->                            <-- IKE_AUTH { EAP }
    # IKE_AUTH { EAP } -->                            <-- IKE_AUTH { EAP(Success) }
    # IKE_AUTH { AUTH } -->                           <-- IKE_AUTH { AUTH, CP, SAr2, TSi, TSr }
    link = ike_link().connect().run(1.0)
    assert_agreed(link)
    assert (len(link.to_gateway), len(link.to_ue)) == (5, 5)
    (child,) = link.ue_children
    assert child.local == (TrafficSelector.address(HOME_ADDRESS, MOBILITY_HEADER),)
    assert child.remote == (TrafficSelector.address(HA_ADDRESS, MOBILITY_HEADER),)
    assert child.mode is Mode.TRANSPORT


def test_transcript_is_the_same_every_time() -> None:
    first, second = (ike_link(seed=5).connect().run(1.0) for _ in range(2))
    assert first.to_gateway == second.to_gateway
    assert first.to_ue == second.to_ue


def test_data_goes_through_a_second_child() -> None:
    link = ike_link().connect().run(1.0)
    link.tell_ue(DATA)
    link.run(2.0)
    assert [child.mode for child in link.ue_children] == [Mode.TRANSPORT, Mode.TUNNEL]
    assert_agreed(link)


@pytest.mark.parametrize("seed", range(12))
def test_attach_survives_a_bad_network(seed: int) -> None:
    link = ike_link(seed=seed, loss=0.15, double=0.3, jitter=0.4)
    link.connect().run(120.0)
    link.tell_ue(DATA)
    link.run(160.0)
    assert_agreed(link)
    assert len(link.seen_by_gateway(Established)) == 1
    assert len(link.ue_children) == 2
    link.tell_ue(CloseRequested())
    link.run(260.0)
    assert isinstance(link.ue.state, Ended)


@pytest.mark.parametrize("lost", range(10))
def test_attach_survives_the_loss_of_any_one_message(lost: int) -> None:
    link = ike_link()
    seen = iter(range(1000))

    def lose(octets: bytes) -> bytes | None:
        return None if next(seen) == lost else octets

    link.at_gateway = link.at_ue = lose
    link.connect().run(10.0)
    assert_agreed(link)
    sent = link.to_gateway
    assert len(sent) == 6
    assert len(set(sent)) == 5, "a retransmission is the same octets (RFC 7296 §2.1)"


def test_every_message_twice_changes_nothing() -> None:
    link = ike_link(double=1.0).connect().run(5.0)
    assert_agreed(link)
    assert len(link.seen_by_gateway(Established)) == 1


@pytest.mark.parametrize("group", [DhGroup.ECP_256, DhGroup.MODP_2048])
def test_cookie_and_group_may_both_be_wanted(group: DhGroup) -> None:
    """RFC 7296 §2.6.1: the cookie comes back with the second KE."""
    only = replace(
        IKE_PROPOSALS[0],
        transforms=(
            *(t for t in IKE_PROPOSALS[0].transforms if t.kind != TransformType.DH),
            Transform(TransformType.DH, group),
        ),
    )
    link = ike_link(responder=responder_policy(ike_proposals=(only,)), admission=Admission(cookie_threshold=0))
    link.connect().run(5.0)
    assert_agreed(link)
    assert len(link.to_gateway) == 7


@pytest.mark.parametrize(
    ("ike", "esp"),
    [(IKE_PROPOSALS[0], ESP_PROPOSALS[0]), (CBC_IKE, CBC_ESP), (IKE_PROPOSALS[1], ESP_PROPOSALS[1])],
    ids=["gcm", "cbc", "cbc by default"],
)
def test_both_ends_agree_on_every_kind_of_suite(ike: Proposal, esp: Proposal) -> None:
    initiator = initiator_policy(ike_proposals=(ike,), esp_proposals=(esp,))
    link = ike_link(initiator=initiator).connect().run(2.0)
    assert_agreed(link)


def test_longer_prf_makes_longer_keys() -> None:
    long = ike_proposal((AES_CBC_256,), (HMAC_SHA2_384_192,), (PRF_HMAC_SHA2_384,), (ECP_256,))
    policies = {"ike_proposals": (long,)}
    link = ike_link(initiator=initiator_policy(**policies), responder=responder_policy(**policies)).connect().run(2.0)
    assert_agreed(link)
    (ready,) = link.seen_by_ue(IkeKeysReady)
    assert (len(ready.keys.sk_d), len(ready.keys.sk_ai), len(ready.keys.sk_ei)) == (48, 48, 32)


def failed(link: IkeLink) -> IkeLink:
    """A link whose attach ended badly, with nothing left at either end."""
    link.connect().run(200.0)
    assert isinstance(link.ue.state, Ended)
    assert link.table.sessions == 0
    assert link.ue.deadline is None
    assert link.table.deadline is None
    return link


def test_wrong_authority_is_told_at_both_ends() -> None:
    link = failed(ike_link(initiator=initiator_policy(anchors=(pki("other").anchor,))))
    assert link.closed == "the certificate of internet is not valid: no trusted authority signed it"
    assert [closed.cause for closed in link.seen_by_gateway(Closed)] == ["the UE says AUTHENTICATION_FAILED"]


def test_wrong_name_is_told_at_both_ends() -> None:
    link = failed(ike_link(initiator=initiator_policy(gateway_names=("somebody.else",))))
    assert link.closed == "the gateway calls itself internet, not somebody.else"
    assert [closed.cause for closed in link.seen_by_gateway(Closed)] == ["the UE says AUTHENTICATION_FAILED"]


def test_no_common_proposal_is_told_at_both_ends() -> None:
    link = failed(
        ike_link(
            initiator=initiator_policy(ike_proposals=(CBC_IKE,)),
            responder=responder_policy(ike_proposals=IKE_PROPOSALS[:1]),
        )
    )
    assert link.closed == "the gateway answers IKE_SA_INIT with NO_PROPOSAL_CHOSEN"
    assert link.refused[0].startswith("no common IKE proposal: offered AES_CBC_128")


def test_refused_eap_is_told_at_both_ends() -> None:
    link = ike_link()
    link.method = lambda packet: [] if packet[0] != 1 else [EapReply(b"\x02" + packet[1:5] + b"\xee")]
    failed(link)
    assert link.closed == "EAP refused: the network sent EAP-Failure"
    assert link.refused == [f"{NAI}: the UE's answer is wrong"]


def test_absent_aaa_server_is_told_at_both_ends() -> None:
    link = ike_link()
    link.aaa = lambda _: RelayUnavailable("no AAA server answered in 5 s")
    failed(link)
    assert link.closed == "the gateway answers IKE_AUTH with NETWORK_FAILURE"
    assert link.refused == [f"{NAI}: no AAA server answered in 5 s"]


def test_exhausted_addresses_are_told_at_both_ends() -> None:
    link = ike_link()
    link.lease = lambda _: AddressRefused("the pool is empty")
    failed(link)
    assert link.closed == "the gateway assigns no Home Address: INTERNAL_ADDRESS_FAILURE"
    assert link.refused == [f"{NAI}: no Home Address: the pool is empty"]


def flip(octets: bytes, at: int) -> bytes:
    return octets[:at] + bytes((octets[at] ^ 0x55,)) + octets[at + 1 :]


def test_noise_on_the_way_changes_nothing() -> None:
    link = ike_link()
    link.connect()
    for _ in range(200):
        noise = link.random.randbytes(link.random.randrange(1, 300))
        link.tell_gateway(DatagramArrived(noise, UE, GATEWAY))
        for octets in link.to_gateway[1:][-1:]:
            link.tell_gateway(DatagramArrived(flip(octets, link.random.randrange(4, len(octets))), UE, GATEWAY))
        link.run(link.now + 0.002)
    link.run(5.0)
    assert_agreed(link)
    assert len(link.seen_by_gateway(Discarded)) > 200
    assert len(link.seen_by_ue(UeEstablished)) == 1


def test_quiet_night_passes_with_questions_alone() -> None:
    link = ike_link().connect().run(3600.0)
    assert_agreed(link)
    assert link.table.sessions == 1
