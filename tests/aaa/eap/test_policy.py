"""What a client is offered."""

from aaa.eap.policy import AkaPolicy
from wire.identity import EapMethod


def test_server_offers_aka_prime_first_where_the_access_has_a_name() -> None:
    assert AkaPolicy(network_name="WLAN").methods == (EapMethod.AKA_PRIME, EapMethod.AKA)


def test_server_offers_aka_alone_where_the_access_has_no_name() -> None:
    assert AkaPolicy().methods == (EapMethod.AKA,)
