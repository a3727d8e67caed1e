"""Temporary identities through rotation, retirement, revocation, age, count, network and second use."""

from dataclasses import replace

import pytest

from aaa.eap.temporary import Resumable
from aaa.identities.epochs import SKEW as CLOCKS_DIFFER
from aaa.identities.sealed import LONGEST, SKEW, Limits
from tests.aaa.eap.dialogue import IMSI, RESUMABLES, keys_of
from tests.aaa.identities.keyrings import KEYRING, NOW, Node
from wire.identity import EapMethod, Identity, IdentityKind, Imsi, classify
from wire.secret import Secret

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
METHODS = pytest.mark.parametrize("method", [AKA, PRIME])
FORMATS = pytest.mark.parametrize("limits", [Limits(), Limits(pseudonyms_of_3gpp=True)], ids=["sealed", "3gpp"])
KEY = Secret(bytes(range(2, 34)))


def pseudonym_of(node: Node, method: EapMethod = AKA, imsi: Imsi = IMSI) -> Identity:
    octets, _ = node.identities.next_identities(imsi, keys_of(method), None)
    assert octets is not None
    return classify(octets)


def once_of(node: Node, method: EapMethod = AKA, name: str | None = None, counter: int = 1) -> Identity:
    octets = node.identities.next_reauthentication(Resumable(IMSI, keys_of(method), counter), name)
    assert octets is not None
    return classify(octets)


@METHODS
def test_held_keys_are_recalled_without_being_used_up(method: EapMethod) -> None:
    node = Node()
    identity = once_of(node, method, "WLAN", counter=3)
    recalled = node.identities.recall(identity)
    assert recalled == node.identities.recall(identity) == node.identities.resume(identity, "WLAN")
    assert isinstance(recalled, Resumable)
    assert recalled.counter == 3
    assert node.identities.recall(pseudonym_of(node, method)) is None


# Pseudonyms


@METHODS
@FORMATS
def test_pseudonym_leads_to_its_subscriber_on_any_node(method: EapMethod, limits: Limits) -> None:
    identity = pseudonym_of(Node(limits=limits), method)
    assert (identity.kind, identity.method, identity.nai.realm) == (IdentityKind.PSEUDONYM, method, None)
    assert len(identity.nai.username) == (23 if limits.pseudonyms_of_3gpp else 45)
    assert Node(limits=limits, seed=2).identities.subscriber(identity) == IMSI


@FORMATS
def test_pseudonym_is_new_every_time_and_tells_nothing(limits: Limits) -> None:
    node = Node(limits=limits)
    names = {pseudonym_of(node).nai.username for _ in range(50)}
    assert len(names) == 50
    assert not any(str(IMSI)[5:] in name for name in names)


@FORMATS
def test_realm_of_a_pseudonym_is_passed_over(limits: Limits) -> None:
    node = Node(limits=limits)
    assert node.identities.subscriber(classify(f"{pseudonym_of(node).nai.username}@any.example")) == IMSI


@FORMATS
def test_pseudonym_outlives_rotation_and_dies_with_its_epoch(limits: Limits) -> None:
    node = Node(limits=limits)
    identity = pseudonym_of(node)
    node.keyring = node.keyring.rotated(KEY, NOW, 0)
    assert node.identities.subscriber(identity) == IMSI
    assert pseudonym_of(node) != identity
    node.keyring = node.keyring.retiring(2, NOW)
    assert node.identities.subscriber(identity) is None


@FORMATS
def test_revocation_voids_a_pseudonym_of_one_subscriber_alone(limits: Limits) -> None:
    node, other = Node(limits=limits), Imsi("234150000000003")
    old, of_other = pseudonym_of(node), pseudonym_of(node, imsi=other)
    node.keyring = node.keyring.revoking(IMSI, NOW)
    assert node.identities.subscriber(old) is None
    assert node.identities.subscriber(of_other) == other
    node.now = NOW + CLOCKS_DIFFER + 1
    assert node.identities.subscriber(pseudonym_of(node)) == IMSI


@FORMATS
def test_pseudonym_ages(limits: Limits) -> None:
    node = Node(limits=replace(limits, pseudonym_age=100))
    identity = pseudonym_of(node)
    for later, known in ((99, IMSI), (100, None), (-SKEW, IMSI), (-SKEW - 1, None)):
        node.now = NOW + later
        assert node.identities.subscriber(identity) == known


def test_pseudonym_of_the_3gpp_counts_where_it_is_configured_alone() -> None:
    identity = pseudonym_of(Node(limits=Limits(pseudonyms_of_3gpp=True)))
    assert Node().identities.subscriber(identity) is None
    assert Node(limits=Limits(pseudonyms_of_3gpp=True)).identities.subscriber(pseudonym_of(Node())) == IMSI


def test_no_pseudonym_without_a_key_or_a_wish() -> None:
    keys = keys_of(AKA)
    for of_3gpp in (False, True):
        node = Node(limits=Limits(pseudonyms=False, pseudonyms_of_3gpp=of_3gpp))
        pseudonym, once = node.identities.next_identities(IMSI, keys, None)
        assert pseudonym is None
        assert once is not None
    assert Node(keyring=replace(KEYRING, epochs=())).identities.next_identities(IMSI, keys, None) == (None, None)


@pytest.mark.parametrize("text", ["2", "2strange", "2" + "A" * 44, "2" + "A" * 22, "7" + "A" * 44])
@FORMATS
def test_strange_pseudonym_is_nobody(text: str, limits: Limits) -> None:
    assert Node(limits=limits).identities.subscriber(classify(text)) is None


def test_pseudonym_is_not_taken_within_another_method() -> None:
    username = pseudonym_of(Node(), AKA).nai.username
    assert Node().identities.subscriber(classify("7" + username[1:])) is None


# Fast re-authentication


@pytest.mark.parametrize(("method", "name", "length"), [(AKA, None, 80), (PRIME, "WLAN", 160)])
def test_reauthentication_goes_on_on_any_node(method: EapMethod, name: str | None, length: int) -> None:
    identity = once_of(Node(), method, name, counter=3)
    assert (identity.kind, identity.method, len(identity.nai.username)) == (
        IdentityKind.REAUTHENTICATION,
        method,
        length,
    )
    found = Node(seed=2).identities.resume(identity, name)
    assert isinstance(found, Resumable)
    keys = keys_of(method)
    assert (found.imsi, found.counter, found.since) == (IMSI, 3, NOW)
    assert (found.keys.k_encr, found.keys.k_aut, found.keys.k_re) == (keys.k_encr, keys.k_aut, keys.k_re)


def test_identity_counts_once_and_the_subscriber_is_known_after_that() -> None:
    node = Node()
    identity = once_of(node, counter=2)
    assert isinstance(node.identities.resume(identity, None), Resumable)
    assert node.identities.resume(identity, None) == IMSI
    assert node.identities.resume(once_of(node, counter=1), None) == IMSI
    assert isinstance(node.identities.resume(once_of(node, counter=3), None), Resumable)


def test_identities_of_one_counter_are_different() -> None:
    node = Node()
    assert len({str(once_of(node).nai) for _ in range(50)}) == 50


def test_reauthentications_are_counted_from_the_full_one() -> None:
    node = Node(limits=Limits(reauthentications=2))
    last = once_of(node, counter=2)
    assert node.identities.next_reauthentication(Resumable(IMSI, keys_of(AKA), 3), None) is None
    assert isinstance(node.identities.resume(last, None), Resumable)
    beyond = once_of(Node(limits=Limits(reauthentications=9)), counter=3)
    assert node.identities.resume(beyond, None) == IMSI


@METHODS
def test_reauthentications_age_from_the_full_one(method: EapMethod) -> None:
    node = Node(limits=Limits(reauthentication_age=100))
    identity = once_of(node, method)
    node.now = NOW + 99
    found = node.identities.resume(identity, None)
    assert isinstance(found, Resumable)
    following = replace(found, counter=found.counter + 1)
    next_one = node.identities.next_reauthentication(following, None)
    assert next_one is not None
    node.now = NOW + 100
    assert node.identities.resume(classify(next_one), None) == IMSI
    assert node.identities.next_reauthentication(following, None) is None


def test_reauthentication_is_bound_to_the_access_network() -> None:
    node = Node()
    assert node.identities.resume(once_of(node, PRIME, "WLAN"), "WIMAX") == IMSI
    assert isinstance(node.identities.resume(once_of(node, PRIME, "WLAN"), "WLAN"), Resumable)


def test_revocation_ends_a_chain_of_reauthentications() -> None:
    node = Node()
    node.now = NOW - 50
    found = node.identities.resume(once_of(node), None)
    assert isinstance(found, Resumable)
    node.now = NOW
    later = node.identities.next_reauthentication(replace(found, counter=2), None)
    node.keyring = node.keyring.revoking(IMSI, NOW - 20)
    assert later is not None
    assert node.identities.resume(classify(later), None) is None


def test_retired_epoch_ends_reauthentication() -> None:
    node = Node()
    identity = once_of(node)
    node.keyring = node.keyring.rotated(KEY, NOW, 0).retiring(2, NOW)
    assert node.identities.resume(identity, None) is None


@METHODS
def test_realm_pins_the_server_where_it_fits(method: EapMethod) -> None:
    realm = "aaa1.nai.epc.mnc015.mcc234.3gppnetwork.org"
    identity = once_of(Node(limits=Limits(realm=realm)), method)
    assert identity.nai.realm == realm
    assert len(str(identity.nai)) <= LONGEST
    assert isinstance(Node().identities.resume(identity, None), Resumable)


def test_identity_that_no_user_name_can_carry_is_not_given_out() -> None:
    node = Node(limits=Limits(realm="a" * 93))
    assert node.identities.next_reauthentication(RESUMABLES[PRIME], None) is None
    node = Node(limits=Limits(realm="a" * 92, reauthentication_age=NOW))
    assert len(node.identities.next_reauthentication(RESUMABLES[PRIME], None) or b"") == LONGEST


def test_no_reauthentication_without_a_key_or_a_wish() -> None:
    assert Node(limits=Limits(reauthentications=0)).identities.next_reauthentication(RESUMABLES[AKA], None) is None
    node = Node(keyring=replace(KEYRING, epochs=()))
    assert node.identities.next_reauthentication(Resumable(IMSI, keys_of(AKA)), None) is None


@pytest.mark.parametrize("text", ["4", "4strange", "4" + "A" * 79, "8" + "A" * 159, "somebody"])
def test_strange_identity_resumes_nothing(text: str) -> None:
    assert Node().identities.resume(classify(text), None) is None


@METHODS
def test_full_authentication_gives_out_the_identity_of_the_first_counter(method: EapMethod) -> None:
    node = Node()
    _, once = node.identities.next_identities(IMSI, keys_of(method), "WLAN")
    assert once is not None
    resumed = node.identities.resume(classify(once), "WLAN")
    again = once_of(node, method, "WLAN")
    assert isinstance(resumed, Resumable)
    assert (resumed, resumed.since, len(once)) == (node.identities.recall(again), NOW, len(str(again.nai)))


@pytest.mark.parametrize(
    "limits", [Limits(reauthentications=0), Limits(reauthentication_age=0), Limits(realm="a" * 93)]
)
def test_full_authentication_may_give_out_a_pseudonym_alone(limits: Limits) -> None:
    pseudonym, once = Node(limits=limits).identities.next_identities(IMSI, keys_of(PRIME), None)
    assert pseudonym is not None
    assert once is None


def test_pseudonym_resumes_nothing_and_an_identity_for_once_is_no_pseudonym() -> None:
    node = Node()
    assert node.identities.resume(classify("4" + pseudonym_of(node).nai.username[1:]), None) is None
    assert node.identities.subscriber(classify("2" + once_of(node).nai.username[1:])) is None


def test_nothing_is_revealed_without_a_key() -> None:
    assert Node().identities.reveal(b"\0QUJD") is None
