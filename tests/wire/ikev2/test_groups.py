"""Diffie-Hellman groups against the RFCs' own examples."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ikev2_vectors import VECTORS, octets
from wire.ikev2.groups import CURVE25519, ECP_256, GROUPS, MODP_2048, Group, InvalidPublicValue, PrivateKey

EXAMPLES: list[dict[str, Any]] = VECTORS["diffie_hellman"]


def load(example: dict[str, Any], name: str) -> PrivateKey:
    group, private = GROUPS[example["group"]], octets(example, name)
    if example["name"].startswith("secp"):
        # A private value d is entropy e mod (n - 1) + 1.
        return group.load((int.from_bytes(private, "big") - 1).to_bytes(group.private_octets, "big"))
    return group.load(private)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["source"])[:20])
def test_both_ends_agree_on_the_published_secret(example: dict[str, Any]) -> None:
    """Sources: RFC 5903 §8, RFC 7748 §6.1, RFC 8031 §A, strongSwan's modp vectors (tests/vectors/ikev2.json)."""
    ours, theirs = load(example, "priv_i"), load(example, "priv_r")
    assert ours.public == octets(example, "ke_data_i")
    assert theirs.public == octets(example, "ke_data_r")
    assert ours.shared(theirs.public) == theirs.shared(ours.public) == octets(example, "shared_gir")


@pytest.mark.parametrize("group", GROUPS.values(), ids=lambda group: str(group.name))
@given(data=st.data())
@settings(max_examples=3, deadline=None)
def test_any_entropy_makes_a_key(group: Group, data: st.DataObject) -> None:
    draws = st.binary(min_size=group.private_octets, max_size=group.private_octets)
    one, other = group.load(data.draw(draws)), group.load(data.draw(draws))
    assert len(one.public) == group.public_octets
    assert one.shared(b"".join([other.public])) == other.shared(one.public)


def test_entropy_of_zeros_and_ones_makes_a_key() -> None:
    for group in (ECP_256, CURVE25519):
        for octet in (b"\0", b"\xff"):
            assert len(group.generate(octet.__mul__).public) == group.public_octets
    with pytest.raises(InvalidPublicValue):
        # 2**1 is its own secret: whoever meets such a peer does not talk to it.
        MODP_2048.load(bytes(40)).shared(bytes(255) + b"\1")


@pytest.mark.parametrize("group", GROUPS.values(), ids=lambda group: str(group.name))
def test_value_of_another_length_is_refused(group: Group) -> None:
    own = group.generate(lambda count: bytes(range(1, count + 1)))
    for public in (own.public[:-1], own.public + b"\0", b""):
        with pytest.raises(InvalidPublicValue):
            own.shared(public)


@pytest.mark.parametrize("public", [bytes(64), b"\xff" * 64], ids=["zeros", "ones"])
def test_point_off_the_curve_is_refused(public: bytes) -> None:
    with pytest.raises(InvalidPublicValue, match="not a point"):
        ECP_256.load(bytes(range(40))).shared(public)


@pytest.mark.parametrize("public", [bytes(32), b"\1" + bytes(31)], ids=["zero", "one"])
def test_curve25519_value_of_low_order_is_refused(public: bytes) -> None:
    """RFC 8031 §3.2: a shared secret of zeros is not used."""
    with pytest.raises(InvalidPublicValue, match="low order"):
        CURVE25519.load(bytes(range(32))).shared(public)


def test_modp_value_outside_the_group_is_refused() -> None:
    """RFC 6989 §2.1: 1 < r < p - 1."""
    prime = int(next(example["prime"] for example in EXAMPLES if example["group"] == 14), 16)
    own = MODP_2048.load(bytes(range(40)))
    for value in (0, 1, prime - 1, prime, prime + 2):
        with pytest.raises(InvalidPublicValue, match="MODP_2048"):
            own.shared(value.to_bytes(256, "big"))
    assert len(own.shared((2).to_bytes(256, "big"))) == 256
