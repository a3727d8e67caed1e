"""The HSS as the AAA server sees it: published answers, distinct vectors, and refusals in their order."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, update

from hss.api import (
    Assignment,
    AssignmentRequest,
    HomeSubscriberServer,
    Profile,
    Refusal,
    Resynchronisation,
    ServiceRefused,
    VectorRequest,
)
from hss.auc import SubscriberKeys
from hss.counting.sqn import SEQ_MAX
from hss.keys.custody import Custodian
from hss.keys.vault import Vault
from hss.models import Algorithm, AlgorithmProfile, Subscriber, SubscriberState
from hss.service import VECTORS_MAX, HssService
from hss.store.database import Database, Limits
from hss.store.engines import transaction
from hss.store.location import Location
from tests.hss.conftest import FIRST_SET, MASTER_KEY, VECTORS, Known, Registry, lock, now_ms, wait_little
from ue_sim.usim import Answer, CardAlgorithm, OutOfSync, SoftwareUsim
from wire.aka.kasme import derive_kasme
from wire.aka.milenage import Milenage
from wire.aka.sqn import join_sqn, reveal, split_sqn
from wire.aka.tuak import Tuak
from wire.aka.vector import AuthVector, Autn, EpsVector
from wire.aka.xor import TestAlgorithm
from wire.identity import EapMethod, Imsi
from wire.secret import Secret

IMSI = "001010000000001"
NODE = "aaa.epc.mnc001.mcc001.3gppnetwork.org"
REQUEST = VectorRequest(Imsi(IMSI), NODE)
SETS = json.loads((VECTORS / "milenage.json").read_text())["milenage_35_208"]


def sqn_of(vector: AuthVector | EpsVector, keys: SubscriberKeys) -> int:
    ak = Milenage(keys.k, keys.opc).f2345(vector.rand)[3]
    return reveal(Autn.parse(vector.autn).concealed_sqn, ak)


def seqs(vectors: tuple[AuthVector, ...], known: Known) -> list[int]:
    return [split_sqn(sqn_of(vector, known.keys))[0] for vector in vectors]


async def refused(service: HssService, request: VectorRequest) -> ServiceRefused:
    with pytest.raises(ServiceRefused) as caught:
        await service.vectors(request)
    return caught.value


def test_service_is_the_hss_of_the_contract(service: HssService) -> None:
    hss: HomeSubscriberServer = service
    assert hss


@pytest.mark.parametrize("case", SETS, ids=lambda case: case["label"])
async def test_vector_is_the_published_one(
    registry: Registry, database: Database, vault: Vault, case: dict[str, Any]
) -> None:
    keys = SubscriberKeys(Secret.fromhex(case["k"]), Secret.fromhex(case["opc"]))
    seq, ind = split_sqn(int(case["sqn"], 16))
    registry.add(IMSI, keys=keys, amf=int(case["amf"], 16), seq=seq - 1)
    service = HssService(database, Custodian(vault), lambda _count: bytes.fromhex(case["rand"]), now_ms)
    for number in range(ind):
        await service.vectors(VectorRequest(registry.add(f"00102{number:010}").imsi, f"node{number}"))
    (vector,) = await service.vectors(REQUEST)
    assert (vector.rand.hex(), vector.autn.hex()) == (case["rand"], case["derived"]["autn"])
    assert (vector.xres.hex(), vector.ck.hex(), vector.ik.hex()) == (case["f2"], case["f3"], case["f4"])


async def test_vectors_of_one_request_are_distinct(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI, seq=10)
    vectors = await service.vectors(replace(REQUEST, count=4))
    assert seqs(vectors, known) == [11, 12, 13, 14]
    assert len({vector.rand for vector in vectors}) == 4
    assert registry.seq(known.imsi) == 14


async def test_more_vectors_than_allowed_are_not_given(registry: Registry, service: HssService) -> None:
    registry.add(IMSI)
    assert len(await service.vectors(replace(REQUEST, count=1_000_000))) == VECTORS_MAX


async def test_configuration_may_allow_another_number(registry: Registry, database: Database, vault: Vault) -> None:
    known = registry.add(IMSI, seq=10)
    service = HssService(database, Custodian(vault), Random(2).randbytes, now_ms, vectors_max=2)
    assert seqs(await service.vectors(replace(REQUEST, count=3)), known) == [11, 12]


async def test_each_node_has_its_own_ind(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI)
    sqns = [
        sqn_of((await service.vectors(replace(REQUEST, node=node)))[0], known.keys)
        for node in ("aaa1", "aaa2", "aaa1", "AAA2")
    ]
    assert sqns == [join_sqn(1, 0), join_sqn(2, 1), join_sqn(3, 0), join_sqn(4, 1)]


async def test_thirty_third_node_is_refused(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI)
    for number in range(40):
        assert (await refused(service, VectorRequest(Imsi("001019999999999"), f"stranger{number}"))).refusal
    for number in range(32):
        await service.vectors(replace(REQUEST, node=f"aaa{number}"))
    error = await refused(service, replace(REQUEST, node="aaa32"))
    assert error.refusal is Refusal.UNAVAILABLE
    assert error.detail.startswith("aaa32 gets no IND: 32 nodes have an IND of 5 bits each; free that of one")
    assert registry.seq(known.imsi) == 32


async def test_vector_for_aka_prime_is_bound_to_the_network(registry: Registry, service: HssService) -> None:
    registry.add(IMSI)
    request = replace(REQUEST, method=EapMethod.AKA_PRIME, network_name="WLAN")
    (vector,) = await service.vectors(request)
    assert Autn.parse(vector.autn).separation
    functions = Milenage(Secret.fromhex(FIRST_SET["k"]), Secret.fromhex(FIRST_SET["opc"]))
    assert vector.ck != functions.f2345(vector.rand)[1]


EPS_REQUEST = replace(REQUEST, node="mme.example", method=None, serving_network=b"\x00\xf1\x10", from_aaa=False)


async def test_vectors_for_eps_keep_ck_and_ik_here(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI, seq=10)
    first, second = await service.eps_vectors(replace(EPS_REQUEST, count=2))
    assert [split_sqn(sqn_of(vector, known.keys))[0] for vector in (first, second)] == [11, 12]
    assert Autn.parse(first.autn).separation
    res, ck, ik, _ = Milenage(known.keys.k, known.keys.opc).f2345(first.rand)
    assert (first.xres, first.kasme) == (res, derive_kasme(ck, ik, b"\x00\xf1\x10", first.autn[:6]))


async def test_vectors_for_utran_and_eps_share_no_sqn(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI, amf=0x8000)
    (umts,) = await service.vectors(EPS_REQUEST)
    (eps,) = await service.eps_vectors(EPS_REQUEST)
    assert not Autn.parse(umts.autn).separation
    assert [split_sqn(sqn_of(umts, known.keys))[0], split_sqn(sqn_of(eps, known.keys))[0]] == [1, 2]


async def test_mme_gets_vectors_of_whoever_an_aaa_server_serves(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI)
    await service.assign(AssignmentRequest(known.imsi, NODE, Assignment.REGISTRATION))
    assert len(await service.eps_vectors(EPS_REQUEST)) == len(await service.vectors(EPS_REQUEST)) == 1


async def test_eps_vectors_follow_a_resynchronisation(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI)
    again = Resynchronisation(bytes(16), known.auts(bytes(16), join_sqn(5000, 0)))
    (vector,) = await service.eps_vectors(replace(EPS_REQUEST, resynchronisation=again))
    assert split_sqn(sqn_of(vector, known.keys))[0] == 5001


@pytest.mark.parametrize(
    ("imsi", "request_", "refusal"),
    [
        ("999990000000000", EPS_REQUEST, Refusal.USER_UNKNOWN),
        ("001010000000002", EPS_REQUEST, Refusal.SUBSCRIBER_BARRED),
        ("001010000000003", EPS_REQUEST, Refusal.NO_APN_SUBSCRIPTION),
        ("001010000000004", EPS_REQUEST, Refusal.SUBSCRIBER_BARRED),
        (IMSI, replace(EPS_REQUEST, serving_network=None), Refusal.INVALID_REQUEST),
        (IMSI, replace(EPS_REQUEST, serving_network=bytes(4)), Refusal.INVALID_REQUEST),
        (IMSI, replace(EPS_REQUEST, count=0), Refusal.INVALID_REQUEST),
    ],
)
async def test_eps_refusals_come_in_their_order(
    registry: Registry, service: HssService, imsi: str, request_: VectorRequest, refusal: Refusal
) -> None:
    registry.add(IMSI)
    registry.add("001010000000002", state=SubscriberState.BARRED)
    registry.add("001010000000003", apns=())
    registry.add("001010000000004", state=SubscriberState.BARRED, apns=())
    with pytest.raises(ServiceRefused) as caught:
        await service.eps_vectors(replace(request_, imsi=Imsi(imsi)))
    assert caught.value.refusal is refusal
    assert registry.seq(Imsi(IMSI)) == 0


CARDS: dict[Algorithm, tuple[CardAlgorithm, SubscriberKeys]] = {
    Algorithm.TUAK: (Tuak, SubscriberKeys(Secret(b"k" * 32), Secret(b"t" * 32))),
    Algorithm.TEST: (lambda k, _: TestAlgorithm(k), SubscriberKeys(Secret(b"k" * 16), Secret(bytes(16)))),
}


@pytest.mark.parametrize("algorithm", CARDS)
async def test_card_of_another_algorithm_is_served(
    registry: Registry, service: HssService, location: Location, algorithm: Algorithm
) -> None:
    functions, keys = CARDS[algorithm]
    known = registry.add(IMSI, keys=keys)
    with transaction(location) as connection:
        connection.execute(insert(AlgorithmProfile).values(name="mine", algorithm=algorithm))
    registry.set(known.imsi, profile="mine")
    usim = SoftwareUsim(keys.k, keys.opc, tuple([700] * 32), algorithm=functions)
    (early,) = await service.vectors(REQUEST)
    outcome = usim.authenticate(early.rand, early.autn)
    assert isinstance(outcome, OutOfSync)
    again = Resynchronisation(early.rand, outcome.auts)
    (vector,) = await service.vectors(replace(REQUEST, resynchronisation=again))
    assert usim.authenticate(vector.rand, vector.autn) == Answer(vector.xres, vector.ck, vector.ik)
    assert registry.seq(known.imsi) == 701


async def test_profile_that_names_no_functions_is_said_to_the_operator(
    registry: Registry, service: HssService, location: Location
) -> None:
    registry.add(IMSI)
    with transaction(location) as connection:
        row = {"name": "odd", "algorithm": Algorithm.TUAK, "parameters": '{"mac": 16}'}
        connection.execute(insert(AlgorithmProfile).values(**row))
    registry.set(Imsi(IMSI), profile="odd")
    error = await refused(service, REQUEST)
    assert error.refusal is Refusal.UNAVAILABLE
    assert error.detail == "profile odd: AKA has no room for mac of 16 octets; write 8"


async def test_concurrent_requests_share_no_sqn(registry: Registry, service: HssService) -> None:
    known = [registry.add(f"00101{number:010}") for number in range(5)]
    requests = [
        replace(REQUEST, imsi=known[number % 5].imsi, count=1 + number % 3, node=f"aaa{number % 4}")
        for number in range(400)
    ]
    answers = await asyncio.gather(*(service.vectors(request) for request in requests))
    seen = {
        (request.imsi, seq)
        for request, vectors in zip(requests, answers, strict=True)
        for seq in seqs(vectors, known[int(str(request.imsi)[-1])])
    }
    assert len(seen) == sum(request.count for request in requests)
    for one in known:
        assert registry.seq(one.imsi) == sum(request.count for request in requests if request.imsi == one.imsi)


@pytest.mark.parametrize(("seq_he", "seq_ms", "following"), [(3, 5000, 5001), (5000, 3, 5001), (7, 7, 8)])
async def test_genuine_auts_moves_sqn_only_forward(
    registry: Registry, service: HssService, seq_he: int, seq_ms: int, following: int
) -> None:
    known = registry.add(IMSI, seq=seq_he)
    rand = bytes(range(16))
    auts = known.auts(rand, join_sqn(seq_ms, 17))
    vectors = await service.vectors(replace(REQUEST, count=2, resynchronisation=Resynchronisation(rand, auts)))
    assert seqs(vectors, known) == [following, following + 1]


@pytest.mark.parametrize("bit", [0, 47, 48, 111])
async def test_forged_auts_moves_nothing(registry: Registry, service: HssService, bit: int) -> None:
    known = registry.add(IMSI, seq=3)
    auts = bytearray(known.auts(bytes(16), join_sqn(5000, 0)))
    auts[bit // 8] ^= 0x80 >> bit % 8
    error = await refused(service, replace(REQUEST, resynchronisation=Resynchronisation(bytes(16), bytes(auts))))
    assert (error.refusal, error.detail) == (
        Refusal.RESYNCHRONISATION_REJECTED,
        f"MAC-S of {IMSI} is wrong; SQN stays",
    )
    assert registry.seq(known.imsi) == 3


async def test_usim_out_of_reach_is_refused(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI, seq=2**30)
    auts = known.auts(bytes(16), join_sqn(5, 0))
    error = await refused(service, replace(REQUEST, resynchronisation=Resynchronisation(bytes(16), auts)))
    assert error.refusal is Refusal.UNAVAILABLE
    assert registry.seq(known.imsi) == 2**30


async def test_sequence_never_wraps(registry: Registry, service: HssService) -> None:
    known = registry.add(IMSI, seq=SEQ_MAX - 1)
    assert seqs(await service.vectors(REQUEST), known) == [SEQ_MAX]
    assert (await refused(service, REQUEST)).refusal is Refusal.UNAVAILABLE
    assert registry.seq(known.imsi) == SEQ_MAX


FAULTY = [
    (replace(REQUEST, method=EapMethod.SIM), Refusal.SCHEME_NOT_SUPPORTED),
    (replace(REQUEST, method=EapMethod.AKA_PRIME), Refusal.INVALID_REQUEST),
    (replace(REQUEST, method=EapMethod.AKA_PRIME, network_name=""), Refusal.INVALID_REQUEST),
    (replace(REQUEST, method=EapMethod.AKA_PRIME, network_name="é" * 127), Refusal.INVALID_REQUEST),
    (replace(REQUEST, count=0), Refusal.INVALID_REQUEST),
    (replace(REQUEST, node=""), Refusal.INVALID_REQUEST),
    (replace(REQUEST, resynchronisation=Resynchronisation(bytes(16), bytes(13))), Refusal.INVALID_REQUEST),
    (replace(REQUEST, resynchronisation=Resynchronisation(bytes(15), bytes(14))), Refusal.INVALID_REQUEST),
]


@pytest.mark.parametrize(("request_", "refusal"), FAULTY)
async def test_user_is_judged_before_the_request(
    registry: Registry, service: HssService, request_: VectorRequest, refusal: Refusal
) -> None:
    assert (await refused(service, request_)).refusal is Refusal.USER_UNKNOWN
    known = registry.add(IMSI)
    assert (await refused(service, request_)).refusal is refusal
    registry.set(known.imsi, state=SubscriberState.BARRED)
    assert (await refused(service, request_)).refusal is Refusal.SUBSCRIBER_BARRED
    assert registry.seq(known.imsi) == 0


async def test_unknown_and_barred_users_get_nothing(registry: Registry, service: HssService) -> None:
    resynchronise = replace(REQUEST, resynchronisation=Resynchronisation(bytes(16), bytes(14)))
    for request in (REQUEST, resynchronise):
        assert (await refused(service, request)).refusal is Refusal.USER_UNKNOWN
    registry.add(IMSI, state=SubscriberState.BARRED)
    for request in (REQUEST, resynchronise):
        assert (await refused(service, request)).refusal is Refusal.SUBSCRIBER_BARRED


async def test_assignment_follows_the_registrations(registry: Registry, service: HssService) -> None:
    registry.add(IMSI)
    register = AssignmentRequest(Imsi(IMSI), NODE, Assignment.REGISTRATION)
    assert isinstance(await service.assign(register), Profile)
    assert isinstance(await service.assign(replace(register, assignment=Assignment.USER_DATA_REQUEST)), Profile)
    with pytest.raises(ServiceRefused, match="another AAA server serves this user"):
        await service.assign(replace(register, node="other"))
    assert await service.assign(replace(register, assignment=Assignment.USER_DEREGISTRATION)) is None
    assert isinstance(await service.assign(replace(register, node="other")), Profile)


async def test_user_whom_nobody_served_when_he_got_his_vector_is_registered_without_another_look(
    registry: Registry, service: HssService, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add(IMSI)
    await service.vectors(REQUEST)
    monkeypatch.setattr(Database, "read_at_once", None)
    assert isinstance(await service.assign(AssignmentRequest(Imsi(IMSI), NODE, Assignment.REGISTRATION)), Profile)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]), "was changed after it was sealed"),
        (lambda sealed: sealed[:5], "too few for a sealed value"),
    ],
)
async def test_damaged_row_is_refused(
    registry: Registry, location: Location, service: HssService, damage: Callable[[bytes], bytes], said: str
) -> None:
    registry.add(IMSI)
    with transaction(location) as connection:
        row = connection.execute(Subscriber.__table__.select()).one()
        connection.execute(update(Subscriber).values(opc=damage(row.opc)))
    error = await refused(service, REQUEST)
    assert error.refusal is Refusal.UNAVAILABLE
    assert said in error.detail
    with pytest.raises(ServiceRefused, match=said):
        await service.check_keys()


async def test_copied_row_is_refused(registry: Registry, location: Location, service: HssService) -> None:
    registry.add(IMSI)
    other = registry.add("001010000000002")
    with transaction(location) as connection:
        row = connection.execute(Subscriber.__table__.select().where(Subscriber.imsi == IMSI)).one()
        connection.execute(update(Subscriber).values(k=row.k, opc=row.opc))
    assert "was sealed for another subscriber" in (await refused(service, replace(REQUEST, imsi=other.imsi))).detail


async def test_wrong_master_key_is_said_at_start(registry: Registry, database: Database) -> None:
    service = HssService(database, Custodian(Vault({1: Secret(MASTER_KEY[::-1])}, random=bytes)), bytes, now_ms)
    await service.check_keys()
    registry.add(IMSI)
    with pytest.raises(ServiceRefused, match="another master key; name the right file"):
        await service.check_keys()


async def test_right_master_key_passes_at_start(registry: Registry, service: HssService) -> None:
    registry.add(IMSI, state=SubscriberState.BARRED)
    await service.check_keys()
    registry.add("000000000000000")
    await service.check_keys()


async def test_locked_store_is_too_busy(
    registry: Registry, location: Location, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_little(monkeypatch)
    known = registry.add(IMSI)
    store = Database(location, Limits(waiting=1))
    await store.open()
    service = HssService(store, Custodian(vault), Random(1).randbytes, now_ms)
    await service.vectors(REQUEST)
    with transaction(location) as connection:
        lock(connection, Subscriber)
        assert (await refused(service, REQUEST)).refusal is Refusal.TOO_BUSY
    answers = await asyncio.gather(*(service.vectors(REQUEST) for _ in range(3)), return_exceptions=True)
    assert [one.refusal for one in answers if isinstance(one, ServiceRefused)] == [Refusal.TOO_BUSY] * 2
    await store.close()
    assert (await refused(service, REQUEST)).refusal is Refusal.UNAVAILABLE
    assert registry.seq(known.imsi) == 2
