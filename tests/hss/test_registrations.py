"""SAR, type by type (TS 29.273 §8.1.2.2)."""

from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from sqlalchemy import select

from hss.api import Assignment, AssignmentRequest, Profile, Refusal, ServiceRefused
from hss.engines import transaction
from hss.models import ServingGateway, SubscriberState
from hss.registrations import Outcome, assign, forget, serving_aaa, user_data
from tests.hss.conftest import Registry
from wire.identity import Imsi

IMSI = "001010000000001"
REGISTER = AssignmentRequest(Imsi(IMSI), "aaa1.example", Assignment.REGISTRATION)
DEREGISTRATIONS = [
    Assignment.USER_DEREGISTRATION,
    Assignment.ADMINISTRATIVE_DEREGISTRATION,
    Assignment.AUTHENTICATION_FAILURE,
    Assignment.AUTHENTICATION_TIMEOUT,
]


def run(path: Path, request: AssignmentRequest) -> Outcome:
    with transaction(path) as connection:
        return assign(connection, request)


def ask(path: Path, request: AssignmentRequest) -> Outcome:
    with transaction(path) as connection:
        return user_data(connection, request)


def serving(path: Path) -> str | None:
    with transaction(path) as connection:
        return serving_aaa(connection, IMSI)


def refusal(outcome: Outcome) -> Refusal:
    assert isinstance(outcome, ServiceRefused)
    return outcome.refusal


@pytest.mark.parametrize("assignment", [Assignment.REGISTRATION, Assignment.RESTORATION])
def test_registration_gives_the_profile(registry: Registry, database_path: Path, assignment: Assignment) -> None:
    registry.add(IMSI)
    for _ in range(2):
        assert isinstance(run(database_path, replace(REGISTER, assignment=assignment, apn="internet")), Profile)
        assert serving(database_path) == "aaa1.example"


def test_registration_of_another_server_is_refused(registry: Registry, database_path: Path) -> None:
    registry.add(IMSI)
    run(database_path, REGISTER)
    outcome = run(database_path, replace(REGISTER, node="aaa2.example"))
    assert isinstance(outcome, ServiceRefused)
    assert (outcome.refusal, outcome.serving_aaa) == (Refusal.REGISTERED_ELSEWHERE, "aaa1.example")
    assert f"akadia subscriber disable {IMSI}" in outcome.detail
    assert serving(database_path) == "aaa1.example"
    assert isinstance(run(database_path, replace(REGISTER, node="AAA1.Example")), Profile)


@pytest.mark.parametrize("assignment", DEREGISTRATIONS)
def test_deregistration_ends_the_registration(registry: Registry, database_path: Path, assignment: Assignment) -> None:
    registry.add(IMSI)
    run(database_path, REGISTER)
    assert refusal(run(database_path, replace(REGISTER, node="aaa2", assignment=assignment))) is Refusal.INVALID_REQUEST
    assert serving(database_path) == "aaa1.example"
    for _ in range(2):
        assert run(database_path, replace(REGISTER, assignment=assignment)) is None
        assert serving(database_path) is None


def test_barred_subscriber_may_still_deregister(registry: Registry, database_path: Path) -> None:
    known = registry.add(IMSI)
    run(database_path, REGISTER)
    registry.set(known.imsi, state=SubscriberState.BARRED)
    assert run(database_path, replace(REGISTER, assignment=Assignment.USER_DEREGISTRATION)) is None


def test_user_data_changes_no_registration(registry: Registry, database_path: Path) -> None:
    registry.add(IMSI)
    assert isinstance(ask(database_path, replace(REGISTER, assignment=Assignment.USER_DATA_REQUEST)), Profile)
    assert serving(database_path) is None


def test_gateway_is_kept_for_each_apn(registry: Registry, database_path: Path) -> None:
    registry.add(IMSI, apns=("internet", "ims"))
    run(database_path, REGISTER)
    update = replace(REGISTER, assignment=Assignment.PGW_UPDATE)
    for apn, address in (("internet", "2001:db8::1"), ("IMS", "2001:db8::2"), ("internet", "2001:db8::3")):
        assert run(database_path, replace(update, apn=apn, pdn_gw=IPv6Address(address))) is None
    assert gateways(database_path) == [("ims", "2001:db8::2"), ("internet", "2001:db8::3")]
    assert run(database_path, replace(update, apn="ims", pdn_gw=None)) is None
    assert gateways(database_path) == [("internet", "2001:db8::3")]
    run(database_path, replace(REGISTER, assignment=Assignment.USER_DEREGISTRATION))
    assert gateways(database_path) == []


def gateways(path: Path) -> list[tuple[str, str]]:
    with transaction(path) as connection:
        found = connection.execute(select(ServingGateway.apn, ServingGateway.address).order_by(ServingGateway.apn))
        return [(row.apn, row.address) for row in found]


def test_gateway_is_taken_from_the_serving_server_alone(registry: Registry, database_path: Path) -> None:
    registry.add(IMSI)
    update = replace(REGISTER, assignment=Assignment.PGW_UPDATE, apn="internet", pdn_gw=IPv6Address("2001:db8::1"))
    assert refusal(run(database_path, update)) is Refusal.INVALID_REQUEST
    run(database_path, REGISTER)
    assert refusal(run(database_path, replace(update, node="aaa2"))) is Refusal.INVALID_REQUEST
    assert refusal(run(database_path, replace(update, apn=None))) is Refusal.INVALID_REQUEST
    assert gateways(database_path) == []


@pytest.mark.parametrize("assignment", [one for one in Assignment if one is not Assignment.USER_DATA_REQUEST])
def test_unknown_user_is_refused(database_path: Path, assignment: Assignment) -> None:
    assert refusal(run(database_path, replace(REGISTER, assignment=assignment, apn="internet"))) is Refusal.USER_UNKNOWN


@pytest.mark.parametrize("assignment", [Assignment.REGISTRATION, Assignment.RESTORATION, Assignment.PGW_UPDATE])
def test_refusals_in_their_order(registry: Registry, database_path: Path, assignment: Assignment) -> None:
    request = replace(REGISTER, assignment=assignment, apn="ims")
    known = registry.add(IMSI)
    assert refusal(run(database_path, request)) is Refusal.NO_APN_SUBSCRIPTION
    registry.set(known.imsi, state=SubscriberState.BARRED)
    assert refusal(run(database_path, request)) is Refusal.SUBSCRIBER_BARRED
    bare = registry.add("001010000000002", apns=())
    assert refusal(run(database_path, replace(request, imsi=bare.imsi))) is Refusal.NO_NON_3GPP_SUBSCRIPTION
    assert serving(database_path) is None


def test_user_data_is_refused_in_the_same_order(registry: Registry, database_path: Path) -> None:
    assert refusal(ask(database_path, REGISTER)) is Refusal.USER_UNKNOWN
    known = registry.add(IMSI)
    assert refusal(ask(database_path, replace(REGISTER, apn="ims"))) is Refusal.NO_APN_SUBSCRIPTION
    registry.set(known.imsi, state=SubscriberState.BARRED)
    assert refusal(ask(database_path, REGISTER)) is Refusal.SUBSCRIBER_BARRED


def test_forgotten_registration_is_gone(registry: Registry, database_path: Path) -> None:
    registry.add(IMSI)
    run(database_path, REGISTER)
    with transaction(database_path) as connection:
        forget(connection, IMSI)
    assert isinstance(run(database_path, replace(REGISTER, node="aaa2.example")), Profile)
