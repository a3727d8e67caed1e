"""The HSS on its store: vectors (MAR of TS 29.273 §8.1.2.1, AIR of TS 29.272 §5.2.3.1) and assignments (SAR)."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import perf_counter
from typing import TypeVar

from hss.algorithms import AlgorithmSettings, ProfileRefused
from hss.api import (
    ASSIGNMENTS,
    Assignment,
    AssignmentRequest,
    Profile,
    Refusal,
    Resynchronisation,
    ServiceRefused,
    VectorRequest,
)
from hss.auc import eps_vector, genuine_sqn_ms, quintuplet
from hss.counting.rows import first_keys
from hss.counting.sequences import Clock, Issued, Sequences
from hss.keys.custody import Custodian, SealedKeys
from hss.keys.keyring import UnknownDataKey
from hss.keys.vault import VaultError
from hss.metrics import OK, VECTORS, count_request
from hss.models import DIAMETER_IDENTITY_LENGTH, Custody
from hss.registrations import DEREGISTERING, REGISTERING, Outcome, assign, deregister, register, standing, user_data
from hss.store.database import Database
from hss.store.errors import StoreBusy, StoreError
from hss.telling.notices import take_over
from runtime.metrics.families import OTHER
from wire.aka.functions import AkaFunctions
from wire.aka.kasme import SERVING_NETWORK_LENGTH
from wire.aka.sqn import split_sqn
from wire.aka.vector import AuthVector, Auts, EpsVector
from wire.identity import EapMethod
from wire.sansio import RandomBytes

VECTORS_MAX = 5
"""At most so many vectors for one request unless the configuration says otherwise (SIP-Number-Auth-Items, TS 29.273
§8.1.2.1): the HSS may give fewer than asked."""
UNSERVED_MAX = 10_000
"""Of so many users, at most, it is remembered that nobody served them when they got their vectors."""
NETWORK_NAME_MAX = 253
"""Octets of an access network identity (TS 24.302 §8.1.1)."""


ResultT = TypeVar("ResultT")

_METHODS: Mapping[EapMethod | None, str] = {None: "", EapMethod.AKA: "AKA", EapMethod.AKA_PRIME: "AKA_PRIME"}
"""What vectors are given for, as it is counted."""


class HssService:
    """`hss.api.HomeSubscriberServer` on `database`; `random` gives RAND, `clock` milliseconds since 2026-01-01 UTC.

    At most `vectors_max` vectors are given for one request.
    """

    def __init__(
        self,
        database: Database,
        custodian: Custodian,
        random: RandomBytes,
        clock: Clock,
        instance: str = "",
        *,
        vectors_max: int = VECTORS_MAX,
    ) -> None:
        self._database = database
        self._custodian = custodian
        self._random = random
        self._vectors_max = vectors_max
        self._sequences = Sequences(database, clock, instance)
        self._unserved: OrderedDict[str, None] = OrderedDict()

    async def check_keys(self) -> None:
        """ServiceRefused when the first subscriber's keys do not open: better said at start than to each user."""
        try:
            await self._database.read(self._custodian.keyring.load)
            keys = await self._database.read(first_keys)
            if keys is not None:
                await self._functions(keys, await self._sequences.settings_of(keys))
        except VaultError as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None
        except StoreError as error:
            raise _refusal_of(error) from None

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        """As `HomeSubscriberServer.vectors`: unknown, barred, scheme and resynchronisation are judged in this order."""
        began, result = perf_counter(), OTHER
        try:
            issued, functions = await self._issue(request, _fault(request))
            if issued.settings.custody is Custody.SEALED:
                vectors = _quintuplets(functions, issued, request, self._random)
            else:
                vectors = await _in_a_thread(partial(_quintuplets, functions, issued, request, self._random))
            result = OK
        except ServiceRefused as refused:
            result = refused.refusal.name.lower()
            raise
        finally:
            seconds, resynchronising = perf_counter() - began, request.resynchronisation is not None
            count_request("vectors", seconds, result, resynchronising)
        VECTORS.add(len(vectors), _METHODS[request.method])
        return vectors

    async def eps_vectors(self, request: VectorRequest) -> tuple[EpsVector, ...]:
        """As `AuthenticationCentre.eps_vectors`: judged in the same order."""
        network = request.serving_network or b""
        began, result = perf_counter(), OTHER
        try:
            issued, functions = await self._issue(request, _fault(request) or _eps_fault(network))
            if not issued.subscribed:
                # its SQNs are gaps: cheaper than to ask beforehand for everybody
                raise ServiceRefused(Refusal.NO_APN_SUBSCRIPTION, f"subscriber {request.imsi} has no APN")
            make = partial(_eps_vectors, functions, issued, network, self._random)
            vectors = make() if issued.settings.custody is Custody.SEALED else await _in_a_thread(make)
            result = OK
        except ServiceRefused as refused:
            result = refused.refusal.name.lower()
            raise
        finally:
            seconds, resynchronising = perf_counter() - began, request.resynchronisation is not None
            count_request("eps_vectors", seconds, result, resynchronising)
        VECTORS.add(len(vectors), "EPS")
        return vectors

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        """As `HomeSubscriberServer.assign`."""
        began, result = perf_counter(), OTHER
        try:
            outcome: Outcome = None
            try:
                if request.assignment in REGISTERING and self._is_served(request.imsi.digits):
                    # most come back to whoever serves them, which is read beside the writer
                    outcome = await self._database.read_at_once(standing, request)
                if outcome is None:
                    outcome = await self._outcome(request)
            except StoreError as error:
                raise _refusal_of(error) from None
            if isinstance(outcome, ServiceRefused):
                raise outcome
            result = OK
        except ServiceRefused as refused:
            result = refused.refusal.name.lower()
            raise
        finally:
            count_request(ASSIGNMENTS[request.assignment], perf_counter() - began, result)
        return outcome

    def _is_served(self, imsi: str) -> bool:
        """Whether somebody may serve this user: who was nobody's just now is not asked for twice."""
        if imsi not in self._unserved:
            return True
        del self._unserved[imsi]
        return False

    def _outcome(self, request: AssignmentRequest) -> Awaitable[Outcome]:
        if request.assignment in REGISTERING:
            return self._database.together(register, request)
        if request.assignment in DEREGISTERING:
            return self._database.at_once(deregister, request)
        if request.assignment is Assignment.USER_DATA_REQUEST:
            return self._database.read(lambda connection: user_data(connection, request))
        return self._database.write(lambda connection: assign(connection, request))

    async def _issue(self, request: VectorRequest, fault: ServiceRefused | None) -> tuple[Issued, AkaFunctions]:
        """SQNs for the vectors that there may be, and the subscriber's functions."""
        imsi, node = request.imsi.digits, request.node
        try:
            if fault is not None:
                await self._sequences.standing(imsi)
                raise fault
            seq_ms = None
            if request.resynchronisation is not None:
                seq_ms = await self._seq_ms(request, request.resynchronisation)
            issued = await self._sequences.issue(imsi, node, min(request.count, self._vectors_max), seq_ms)
            if issued.serving_aaa is None:
                self._note_unserved(request)
            elif issued.serving_aaa != node.lower():
                _check_serving(request, issued.serving_aaa)
                if request.aaa_failure:
                    await self._database.write(lambda connection: take_over(connection, imsi, node))
        except StoreError as error:
            raise _refusal_of(error) from None
        try:
            return issued, self._custodian.functions(issued.keys, issued.settings)
        except (VaultError, ProfileRefused):
            return issued, await self._functions(issued.keys, issued.settings)

    def _note_unserved(self, request: VectorRequest) -> None:
        if request.from_aaa:
            self._unserved[request.imsi.digits] = None
            if len(self._unserved) > UNSERVED_MAX:
                self._unserved.popitem(last=False)

    async def _seq_ms(self, request: VectorRequest, resynchronisation: Resynchronisation) -> int:
        imsi = str(request.imsi)
        standing = await self._sequences.standing(imsi)
        _check_serving(request, standing.serving_aaa)
        keys = standing.keys
        settings = await self._sequences.settings_of(keys)
        functions = await self._functions(keys, settings)
        auts = Auts.parse(resynchronisation.auts)
        judge = partial(genuine_sqn_ms, functions, resynchronisation.rand, auts)
        sqn_ms = judge() if settings.custody is Custody.SEALED else await _in_a_thread(judge)
        if sqn_ms is None:
            raise ServiceRefused(Refusal.RESYNCHRONISATION_REJECTED, f"MAC-S of {imsi} is wrong; SQN stays")
        return split_sqn(sqn_ms, settings.ind_bits)[0]

    async def _functions(self, keys: SealedKeys, settings: AlgorithmSettings) -> AkaFunctions:
        """As the custodian has them, who may have to read a new data key first; ServiceRefused where he has none."""
        try:
            try:
                return self._custodian.functions(keys, settings)
            except UnknownDataKey:
                # another process has made a new one
                await self._database.read(self._custodian.keyring.load)
                return self._custodian.functions(keys, settings)
        except (VaultError, ProfileRefused) as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None
        except StoreError as error:
            raise _refusal_of(error) from None


def _quintuplets(
    functions: AkaFunctions, issued: Issued, request: VectorRequest, random: RandomBytes
) -> tuple[AuthVector, ...]:
    amf, method, name, sqns = issued.keys.amf, request.method, request.network_name, issued.sqns
    if len(sqns) == 1:
        return (quintuplet(functions, sqns[0], random(16), amf, method, name),)
    return tuple([quintuplet(functions, sqn, random(16), amf, method, name) for sqn in sqns])


def _eps_vectors(functions: AkaFunctions, issued: Issued, network: bytes, random: RandomBytes) -> tuple[EpsVector, ...]:
    return tuple([eps_vector(functions, sqn, random(16), issued.keys.amf, network) for sqn in issued.sqns])


async def _in_a_thread(compute: Callable[[], ResultT]) -> ResultT:
    """Where K is in a token, which takes its time."""
    try:
        return await asyncio.to_thread(compute)
    except VaultError as error:
        raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None


def _check_serving(request: VectorRequest, serving: str | None) -> None:
    """TS 29.273 §8.1.2.1: who serves the user is named to any other AAA server, unless that one has failed."""
    if serving is None or serving == request.node.lower() or request.aaa_failure or not request.from_aaa:
        return
    raise ServiceRefused(Refusal.REGISTERED_ELSEWHERE, f"{serving} serves {request.imsi}", serving)


def _fault(request: VectorRequest) -> ServiceRefused | None:
    method, resynchronisation = request.method, request.resynchronisation
    if method not in _METHODS:
        name = "" if method is None else method.name
        return ServiceRefused(Refusal.SCHEME_NOT_SUPPORTED, f"{name} is neither EAP-AKA nor EAP-AKA'")
    if method is EapMethod.AKA_PRIME and not 0 < len((request.network_name or "").encode()) <= NETWORK_NAME_MAX:
        return ServiceRefused(Refusal.INVALID_REQUEST, "EAP-AKA' needs an ANID of 1 to 253 octets")
    if not 0 < len(request.node) <= DIAMETER_IDENTITY_LENGTH:
        return ServiceRefused(Refusal.INVALID_REQUEST, "the requesting node has no name")
    if request.count < 1:
        return ServiceRefused(Refusal.INVALID_REQUEST, f"{request.count} vectors are asked for")
    if resynchronisation is not None and (len(resynchronisation.rand), len(resynchronisation.auts)) != (16, 14):
        return ServiceRefused(Refusal.INVALID_REQUEST, "a resynchronisation is RAND of 16 and AUTS of 14 octets")
    return None


def _eps_fault(serving_network: bytes) -> ServiceRefused | None:
    if len(serving_network) != SERVING_NETWORK_LENGTH:
        return ServiceRefused(Refusal.INVALID_REQUEST, f"a serving network has {SERVING_NETWORK_LENGTH} octets")
    return None


def _refusal_of(error: StoreError) -> ServiceRefused:
    """What the store says, as the HSS says it."""
    return ServiceRefused(Refusal.TOO_BUSY if isinstance(error, StoreBusy) else Refusal.UNAVAILABLE, str(error))
