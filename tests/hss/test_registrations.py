"""SAR, type by type (TS 29.273 §8.1.2.2)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path
from time import sleep

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text

from hss.api import Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused
from hss.keys.vault import Vault
from hss.models import Registration, ServingGateway, SubscriberState
from hss.registrations import (
    UNNAMED_MOST,
    Outcome,
    assign,
    deregister,
    forget,
    register,
    serving_aaa,
    standing,
    user_data,
)
from hss.store.engines import transaction, writer_engine
from hss.store.location import Location
from tests.hss.conftest import Registry
from tests.postgres import PostgresServer
from wire.identity import Imsi

IMSI = "001010000000001"
REGISTER = AssignmentRequest(Imsi(IMSI), "aaa1.example", Assignment.REGISTRATION)
DEREGISTRATIONS = [
    Assignment.USER_DEREGISTRATION,
    Assignment.ADMINISTRATIVE_DEREGISTRATION,
    Assignment.AUTHENTICATION_FAILURE,
    Assignment.AUTHENTICATION_TIMEOUT,
]


def run(location: Location, request: AssignmentRequest) -> Outcome:
    with transaction(location) as connection:
        return assign(connection, request)


def ask(location: Location, request: AssignmentRequest) -> Outcome:
    with transaction(location) as connection:
        return user_data(connection, request)


def serving(location: Location) -> str | None:
    with transaction(location) as connection:
        return serving_aaa(connection, IMSI)


def refusal(outcome: Outcome) -> Refusal:
    assert isinstance(outcome, ServiceRefused)
    return outcome.refusal


@pytest.mark.parametrize("assignment", [Assignment.REGISTRATION, Assignment.RESTORATION])
def test_registration_gives_the_profile(registry: Registry, location: Location, assignment: Assignment) -> None:
    registry.add(IMSI)
    for _ in range(2):
        assert isinstance(run(location, replace(REGISTER, assignment=assignment, apn="internet")), Profile)
        assert serving(location) == "aaa1.example"


def test_registration_of_another_server_is_refused(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    run(location, REGISTER)
    outcome = run(location, replace(REGISTER, node="aaa2.example"))
    assert isinstance(outcome, ServiceRefused)
    assert (outcome.refusal, outcome.serving_aaa) == (Refusal.REGISTERED_ELSEWHERE, "aaa1.example")
    assert f"akadia subscriber disable {IMSI}" in outcome.detail
    assert serving(location) == "aaa1.example"
    assert isinstance(run(location, replace(REGISTER, node="AAA1.Example")), Profile)


@pytest.mark.parametrize("assignment", DEREGISTRATIONS)
def test_deregistration_ends_the_registration(registry: Registry, location: Location, assignment: Assignment) -> None:
    registry.add(IMSI)
    run(location, REGISTER)
    assert refusal(run(location, replace(REGISTER, node="aaa2", assignment=assignment))) is Refusal.INVALID_REQUEST
    assert serving(location) == "aaa1.example"
    for _ in range(2):
        assert run(location, replace(REGISTER, assignment=assignment)) is None
        assert serving(location) is None


@pytest.mark.parametrize("assignment", DEREGISTRATIONS)
def test_deregistrations_at_once_are_each_judged_by_itself(
    registry: Registry, location: Location, assignment: Assignment
) -> None:
    ours, theirs, nobodys, unknown = (Imsi(f"00101000000000{number}") for number in range(1, 5))
    for imsi in (ours, theirs, nobodys):
        registry.add(str(imsi))
    one = replace(REGISTER, assignment=assignment)
    with transaction(location) as connection:
        assign(connection, REGISTER)
        assign(connection, replace(REGISTER, imsi=theirs, node="aaa2.example"))
        asked = [replace(one, imsi=imsi) for imsi in (unknown, theirs, nobodys, ours, ours)]
        outcomes = deregister(
            connection, [*asked, replace(one, node="aaa2.example"), replace(one, node="AAA1.Example")]
        )
        left = [serving_aaa(connection, str(imsi)) for imsi in (ours, theirs, nobodys)]
    refused = [None if outcome is None else outcome.refusal for outcome in outcomes]
    assert refused == [Refusal.USER_UNKNOWN, Refusal.INVALID_REQUEST, *[None] * 5]
    assert left == [None, "aaa2.example", None]


def test_barred_subscriber_may_still_deregister(registry: Registry, location: Location) -> None:
    known = registry.add(IMSI)
    run(location, REGISTER)
    registry.set(known.imsi, state=SubscriberState.BARRED)
    assert run(location, replace(REGISTER, assignment=Assignment.USER_DEREGISTRATION)) is None


def test_user_data_changes_no_registration(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    assert isinstance(ask(location, replace(REGISTER, assignment=Assignment.USER_DATA_REQUEST)), Profile)
    assert serving(location) is None


def test_gateway_is_kept_for_each_apn(registry: Registry, location: Location) -> None:
    registry.add(IMSI, apns=("internet", "ims"))
    run(location, REGISTER)
    update = replace(REGISTER, assignment=Assignment.PGW_UPDATE)
    for apn, address in (("internet", "2001:db8::1"), ("IMS", "2001:db8::2"), ("internet", "2001:db8::3")):
        assert run(location, replace(update, apn=apn, pdn_gw=IPv6Address(address))) is None
    assert gateways(location) == [("ims", "2001:db8::2"), ("internet", "2001:db8::3")]
    profile = run(location, REGISTER)
    assert isinstance(profile, Profile)
    assert [str(apn.pdn_gw) for apn in profile.apns] == ["2001:db8::3", "2001:db8::2"]
    assert run(location, replace(update, apn="ims", pdn_gw=None)) is None
    assert gateways(location) == [("internet", "2001:db8::3")]
    run(location, replace(REGISTER, assignment=Assignment.USER_DEREGISTRATION))
    assert gateways(location) == []


def gateways(location: Location) -> list[tuple[str, str]]:
    with transaction(location) as connection:
        found = connection.execute(select(ServingGateway.apn, ServingGateway.address).order_by(ServingGateway.apn))
        return [(row.apn, row.address) for row in found]


def test_gateway_is_taken_from_the_serving_server_alone(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    update = replace(REGISTER, assignment=Assignment.PGW_UPDATE, apn="internet", pdn_gw=IPv6Address("2001:db8::1"))
    assert refusal(run(location, update)) is Refusal.INVALID_REQUEST
    run(location, REGISTER)
    assert refusal(run(location, replace(update, node="aaa2"))) is Refusal.INVALID_REQUEST
    assert refusal(run(location, replace(update, apn=None))) is Refusal.INVALID_REQUEST
    assert gateways(location) == []


def test_names_that_a_user_chooses_make_no_list_without_end(registry: Registry, location: Location) -> None:
    registry.add(IMSI, apns=("internet", "*"))
    run(location, REGISTER)
    gateway = IPv6Address("2001:db8::1")
    update = replace(REGISTER, assignment=Assignment.PGW_UPDATE, pdn_gw=gateway)
    with transaction(location) as connection:
        rows = [{"imsi": IMSI, "apn": f"apn{n}", "address": str(gateway)} for n in range(UNNAMED_MOST - 1)]
        connection.execute(insert(ServingGateway), rows)
    for apn in ("one-more", "One-More", "internet"):
        assert run(location, replace(update, apn=apn)) is None
    kept = gateways(location)
    assert len(kept) == UNNAMED_MOST + 1
    for apn, said in (("another", "is for more than 100 APNs"), ("x" * 101, "is no APN"), ("nul\0", "is no APN")):
        outcome = run(location, replace(update, apn=apn))
        assert refusal(outcome) is Refusal.INVALID_REQUEST
        assert said in str(outcome)
    assert gateways(location) == kept
    assert run(location, replace(update, apn="apn0", pdn_gw=None)) is None
    assert run(location, replace(update, apn="another")) is None


@pytest.mark.parametrize("assignment", [one for one in Assignment if one is not Assignment.USER_DATA_REQUEST])
def test_unknown_user_is_refused(location: Location, assignment: Assignment) -> None:
    assert refusal(run(location, replace(REGISTER, assignment=assignment, apn="internet"))) is Refusal.USER_UNKNOWN


@pytest.mark.parametrize("assignment", [Assignment.REGISTRATION, Assignment.RESTORATION, Assignment.PGW_UPDATE])
def test_refusals_in_their_order(registry: Registry, location: Location, assignment: Assignment) -> None:
    request = replace(REGISTER, assignment=assignment, apn="ims")
    known = registry.add(IMSI)
    assert refusal(run(location, request)) is Refusal.NO_APN_SUBSCRIPTION
    registry.set(known.imsi, state=SubscriberState.BARRED)
    assert refusal(run(location, request)) is Refusal.SUBSCRIBER_BARRED
    bare = registry.add("001010000000002", apns=())
    assert refusal(run(location, replace(request, imsi=bare.imsi))) is Refusal.NO_NON_3GPP_SUBSCRIPTION
    assert serving(location) is None


def test_user_data_is_refused_in_the_same_order(registry: Registry, location: Location) -> None:
    assert refusal(ask(location, REGISTER)) is Refusal.USER_UNKNOWN
    known = registry.add(IMSI)
    assert refusal(ask(location, replace(REGISTER, apn="ims"))) is Refusal.NO_APN_SUBSCRIPTION
    registry.set(known.imsi, state=SubscriberState.BARRED)
    assert refusal(ask(location, REGISTER)) is Refusal.SUBSCRIBER_BARRED


def test_forgotten_registration_is_gone(registry: Registry, location: Location) -> None:
    registry.add(IMSI)
    run(location, REGISTER)
    with transaction(location) as connection:
        forget(connection, IMSI)
    assert isinstance(run(location, replace(REGISTER, node="aaa2.example")), Profile)


def test_standing_registrations_are_read_together_and_all_else_is_left_to_be_assigned(
    registry: Registry, location: Location
) -> None:
    imsis = [f"00101000000000{number}" for number in range(1, 6)]
    for imsi in imsis[:4]:
        registry.add(imsi)
    served, moved, barred, unregistered, unknown = (replace(REGISTER, imsi=Imsi(imsi)) for imsi in imsis)
    for request in (served, replace(moved, node="aaa2.example"), barred):
        run(location, request)
    registry.set(barred.imsi, state=SubscriberState.BARRED)
    data = replace(served, assignment=Assignment.USER_DATA_REQUEST)
    for gateway in (None, IPv6Address("2001:db8::1")):
        if gateway is not None:
            run(location, replace(served, assignment=Assignment.PGW_UPDATE, apn="internet", pdn_gw=gateway))
        with transaction(location, read_only=True) as connection:
            first, *others = standing(connection, [served, moved, barred, unregistered, unknown, data])
        assert first == ask(location, data)
        assert others == [None] * 5
    assert first is not None
    assert first.apns[0].pdn_gw == IPv6Address("2001:db8::1")


def test_standing_registration_without_the_apn_asked_for_is_left_to_be_refused(
    registry: Registry, location: Location
) -> None:
    registry.add(IMSI)
    run(location, REGISTER)
    with transaction(location, read_only=True) as connection:
        assert standing(connection, [replace(REGISTER, apn="other")]) == [None]


USERS = ("001010000000001", "001010000000002", "001010000000003", "001010000000004", "001010000000009")
"""Two with an APN, one barred, one without an APN, one whom nobody knows."""
NODES = st.sampled_from(["aaa1.example", "AAA1.Example", "aaa2.example"])
REQUESTS = st.builds(
    AssignmentRequest,
    st.sampled_from(USERS).map(Imsi),
    NODES,
    st.sampled_from([Assignment.REGISTRATION, Assignment.RESTORATION]),
    st.sampled_from([None, "internet", "ims"]),
)


@pytest.fixture
def known_users(database_path: Path, vault: Vault) -> Iterator[Connection]:
    registry = Registry(database_path, vault)
    for imsi in USERS[:3]:
        registry.add(imsi)
    registry.set(Imsi(USERS[2]), state=SubscriberState.BARRED)
    registry.add(USERS[3], apns=())
    engine = writer_engine(database_path)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


Told = tuple[type, object, str]
Done = tuple[list[Told], list[tuple[str, str]]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    before=st.dictionaries(st.sampled_from(USERS[:4]), NODES.map(str.lower)),
    gateways=st.booleans(),
    requests=st.lists(REQUESTS, max_size=8),
)
def test_many_are_registered_as_if_one_came_after_the_other(
    known_users: Connection, before: dict[str, str], gateways: bool, requests: list[AssignmentRequest]
) -> None:
    def done(serve: Callable[[Connection], Sequence[Outcome]]) -> Done:
        for imsi, node in before.items():
            known_users.execute(insert(Registration).values(imsi=imsi, aaa_name=node))
            if gateways:
                known_users.execute(insert(ServingGateway).values(imsi=imsi, apn="internet", address="2001:db8::1"))
        outcomes = [told(outcome) for outcome in serve(known_users)]
        rows = known_users.execute(select(Registration.imsi, Registration.aaa_name).order_by(Registration.imsi))
        found = [(row.imsi, row.aaa_name) for row in rows]
        known_users.rollback()
        return outcomes, found

    together = done(lambda connection: register(connection, requests))
    assert together == done(lambda connection: [assign(connection, request) for request in requests])


def told(outcome: Outcome) -> Told:
    if isinstance(outcome, ServiceRefused):
        return ServiceRefused, (outcome.refusal, outcome.serving_aaa), outcome.detail
    return type(outcome), outcome, ""


def test_many_first_registrations_are_made_together(registry: Registry, location: Location) -> None:
    imsis = [f"0010100000001{number:02}" for number in range(20)]
    for imsi in imsis:
        registry.add(imsi)
    requests = [replace(REGISTER, imsi=Imsi(imsi)) for imsi in reversed(imsis)]
    with transaction(location) as connection:
        assert all(isinstance(one, Profile) for one in register(connection, requests))
        said = connection.execute(select(Registration.imsi, Registration.aaa_name).order_by(Registration.imsi))
        assert [tuple(row) for row in said] == [(imsi, "aaa1.example") for imsi in imsis]


@pytest.mark.interop
@pytest.mark.parametrize("stays", [True, False])
def test_who_is_being_registered_by_another_process_is_served_as_that_one_says(
    postgres: PostgresServer, vault: Vault, stays: bool
) -> None:
    location = postgres.new_database("empty")
    registry = Registry(location, vault)
    requests = [replace(REGISTER, imsi=registry.add(imsi).imsi, node="aaa2.example") for imsi in USERS[:3]]
    other = writer_engine(location)
    with other.connect() as connection, ThreadPoolExecutor(1) as thread:
        register(connection, [replace(request, node="aaa1.example") for request in requests[:2]])
        waiting = thread.submit(_register_there, location, requests)
        with transaction(location, read_only=True) as looking:
            while not looking.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                sleep(0.01)
        connection.commit() if stays else connection.rollback()
        outcomes = waiting.result()
    other.dispose()
    refused = [outcome.serving_aaa for outcome in outcomes if isinstance(outcome, ServiceRefused)]
    assert refused == ["aaa1.example"] * (2 if stays else 0)
    assert isinstance(outcomes[2], Profile)
    assert serving(location) == ("aaa1.example" if stays else "aaa2.example")


def _register_there(location: Location, requests: Sequence[AssignmentRequest]) -> Sequence[Outcome]:
    with transaction(location) as connection:
        return register(connection, requests)
