"""What the store says a subscriber may use."""

from ipaddress import IPv4Address, IPv6Address

from sqlalchemy import insert, update

from hss.api import Ambr, ApnProfile, PdnType, SpecificApn
from hss.models import Apn, Registration, ServingGateway
from hss.profiles import profile_of
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import Registry
from wire.identity import Imsi


def test_profile_has_every_apn(registry: Registry, location: Location) -> None:
    known = registry.add(apns=("internet", "*"))
    registry.set(known.imsi, msisdn="49170123")
    with transaction(location) as connection:
        connection.execute(
            update(Apn)
            .where(Apn.context_id == 1)
            .values(pdn_type=2, home_address="2001:db8::9", home_address_v4="10.0.0.9", ambr_up=5, ambr_down=2**40)
        )
    with transaction(location) as connection:
        profile = profile_of(connection, known.imsi)
    assert profile is not None
    assert profile.apns == (
        ApnProfile(1, "internet", PdnType.IPV4V6, IPv6Address("2001:db8::9"), IPv4Address("10.0.0.9"), Ambr(5, 2**40)),
        ApnProfile(2, "*"),
    )
    assert (profile.imsi, profile.msisdn, profile.default_context_id) == (known.imsi, "49170123", 1)
    assert profile.apn(None) == profile.apns[0] == profile.apn("INTERNET")
    assert profile.apn("ims") == profile.apns[1]


def test_profile_may_have_no_apn(registry: Registry, location: Location) -> None:
    known = registry.add(apns=())
    with transaction(location) as connection:
        profile = profile_of(connection, known.imsi)
    assert profile is not None
    assert (profile.apns, profile.default_context_id, profile.apn(None)) == ((), None, None)


def test_unknown_user_has_no_profile(location: Location) -> None:
    with transaction(location) as connection:
        assert profile_of(connection, Imsi("999990000000000")) is None


def test_profile_has_the_gateway_of_each_apn(registry: Registry, location: Location) -> None:
    known = registry.add(apns=("internet", "*"))
    imsi = str(known.imsi)
    with transaction(location) as connection:
        connection.execute(insert(Registration).values(imsi=imsi, aaa_name="aaa"))
        for apn, address in (("internet", "2001:db8::1"), ("ims", "192.0.2.1")):
            connection.execute(insert(ServingGateway).values(imsi=imsi, apn=apn, address=address))
        profile = profile_of(connection, known.imsi)
    assert profile is not None
    internet, wildcard = profile.apns
    assert (internet.pdn_gw, internet.specific) == (IPv6Address("2001:db8::1"), ())
    assert (wildcard.pdn_gw, wildcard.specific) == (None, (SpecificApn("ims", IPv4Address("192.0.2.1")),))
