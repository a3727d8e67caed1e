"""The HSS on its store: vectors (MAR of TS 29.273 §8.1.2.1, AIR of TS 29.272 §5.2.3.1) and assignments (SAR)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

from hss.algorithms import AlgorithmSettings, ProfileRefused
from hss.api import Assignment, AssignmentRequest, Profile, Refusal, Resynchronisation, ServiceRefused, VectorRequest
from hss.auc import eps_vector, genuine_sqn_ms, quintuplet
from hss.counting.rows import first_keys
from hss.counting.sequences import Clock, Issued, Sequences
from hss.keys.custody import Custodian, SealedKeys
from hss.keys.keyring import UnknownDataKey
from hss.keys.vault import VaultError
from hss.metrics import VECTORS, Measured
from hss.models import DIAMETER_IDENTITY_LENGTH, Custody
from hss.registrations import REGISTERING, Outcome, assign, register, standing, user_data
from hss.store.database import Database
from hss.store.errors import StoreBusy, StoreError
from hss.telling.notices import take_over
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
        with _REFUSALS:
            try:
                await self._database.read(self._custodian.keyring.load)
            except VaultError as error:
                raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None
            keys = await self._database.read(first_keys)
            if keys is not None:
                await self._functions(keys, await self._sequences.settings_of(keys))

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        """As `HomeSubscriberServer.vectors`: unknown, barred, scheme and resynchronisation are judged in this order."""
        with Measured("vectors", request.resynchronisation is not None):
            issued, functions = await self._issue(request, _fault(request))
            amf, method, name, random = issued.keys.amf, request.method, request.network_name, self._random
            vectors = await _in_its_place(
                issued.settings,
                lambda: tuple([quintuplet(functions, sqn, random(16), amf, method, name) for sqn in issued.sqns]),
            )
        VECTORS.add(len(vectors), "" if method is None else method.name)
        return vectors

    async def eps_vectors(self, request: VectorRequest) -> tuple[EpsVector, ...]:
        """As `AuthenticationCentre.eps_vectors`: judged in the same order."""
        network = request.serving_network or b""
        with Measured("eps_vectors", request.resynchronisation is not None):
            issued, functions = await self._issue(request, _fault(request) or _eps_fault(network))
            if not issued.subscribed:
                # its SQNs are gaps: cheaper than to ask beforehand for everybody
                raise ServiceRefused(Refusal.NO_APN_SUBSCRIPTION, f"subscriber {request.imsi} has no APN")
            amf = issued.keys.amf
            vectors = await _in_its_place(
                issued.settings,
                lambda: tuple([eps_vector(functions, sqn, self._random(16), amf, network) for sqn in issued.sqns]),
            )
        VECTORS.add(len(vectors), "EPS")
        return vectors

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        """As `HomeSubscriberServer.assign`."""
        with Measured(request.assignment.name.lower()):
            with _REFUSALS:
                outcome = await self._outcome(request)
            if isinstance(outcome, ServiceRefused):
                raise outcome
        return outcome

    def _outcome(self, request: AssignmentRequest) -> Coroutine[Any, Any, Outcome]:
        if request.assignment in REGISTERING:
            return self._registered(request)
        if request.assignment is Assignment.USER_DATA_REQUEST:
            return self._database.read(lambda connection: user_data(connection, request))
        return self._database.write(lambda connection: assign(connection, request))

    async def _registered(self, request: AssignmentRequest) -> Outcome:
        """Most come back to whoever serves them, which is read beside the writer; who was nobody's just now is not."""
        if request.imsi.digits in self._unserved:
            del self._unserved[request.imsi.digits]
        else:
            profile = await self._database.read_at_once(standing, request)
            if profile is not None:
                return profile
        return await self._database.together(register, request)

    async def _issue(self, request: VectorRequest, fault: ServiceRefused | None) -> tuple[Issued, AkaFunctions]:
        """SQNs for the vectors that there may be, and the subscriber's functions."""
        imsi = request.imsi.digits
        with _REFUSALS:
            if fault is not None:
                await self._sequences.standing(imsi)
                raise fault
            seq_ms = None
            if request.resynchronisation is not None:
                seq_ms = await self._seq_ms(request, request.resynchronisation)
            issued = await self._sequences.issue(imsi, request.node, min(request.count, self._vectors_max), seq_ms)
        _check_serving(request, issued.serving_aaa)
        if issued.serving_aaa is None and request.from_aaa:
            self._unserved[imsi] = None
            if len(self._unserved) > UNSERVED_MAX:
                self._unserved.popitem(last=False)
        if request.aaa_failure and issued.serving_aaa not in {None, request.node.lower()}:
            with _REFUSALS:
                await self._database.write(lambda connection: take_over(connection, imsi, request.node))
        return issued, await self._functions(issued.keys, issued.settings)

    async def _seq_ms(self, request: VectorRequest, resynchronisation: Resynchronisation) -> int:
        imsi = str(request.imsi)
        standing = await self._sequences.standing(imsi)
        _check_serving(request, standing.serving_aaa)
        keys = standing.keys
        settings = await self._sequences.settings_of(keys)
        functions = await self._functions(keys, settings)
        auts = Auts.parse(resynchronisation.auts)
        sqn_ms = await _in_its_place(settings, lambda: genuine_sqn_ms(functions, resynchronisation.rand, auts))
        if sqn_ms is None:
            raise ServiceRefused(Refusal.RESYNCHRONISATION_REJECTED, f"MAC-S of {imsi} is wrong; SQN stays")
        return split_sqn(sqn_ms, settings.ind_bits)[0]

    async def _functions(self, keys: SealedKeys, settings: AlgorithmSettings) -> AkaFunctions:
        try:
            try:
                return self._custodian.functions(keys, settings)
            except UnknownDataKey:
                # another process has made a new one
                with _REFUSALS:
                    await self._database.read(self._custodian.keyring.load)
                return self._custodian.functions(keys, settings)
        except (VaultError, ProfileRefused) as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None


async def _in_its_place(settings: AlgorithmSettings, compute: Callable[[], ResultT]) -> ResultT:
    """Here, or in a thread where a token takes its time."""
    try:
        return await asyncio.to_thread(compute) if settings.custody is Custody.TOKEN else compute()
    except VaultError as error:
        raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None


def _check_serving(request: VectorRequest, serving: str | None) -> None:
    """TS 29.273 §8.1.2.1: who serves the user is named to any other AAA server, unless that one has failed."""
    if serving is None or serving == request.node.lower() or request.aaa_failure or not request.from_aaa:
        return
    raise ServiceRefused(Refusal.REGISTERED_ELSEWHERE, f"{serving} serves {request.imsi}", serving)


def _fault(request: VectorRequest) -> ServiceRefused | None:
    if request.method not in (None, EapMethod.AKA, EapMethod.AKA_PRIME):
        return ServiceRefused(Refusal.SCHEME_NOT_SUPPORTED, f"{request.method.name} is neither EAP-AKA nor EAP-AKA'")
    name = request.network_name
    if request.method is EapMethod.AKA_PRIME and not (name and len(name.encode()) <= NETWORK_NAME_MAX):
        return ServiceRefused(Refusal.INVALID_REQUEST, "EAP-AKA' needs an ANID of 1 to 253 octets")
    if not 0 < len(request.node) <= DIAMETER_IDENTITY_LENGTH:
        return ServiceRefused(Refusal.INVALID_REQUEST, "the requesting node has no name")
    if request.count < 1:
        return ServiceRefused(Refusal.INVALID_REQUEST, f"{request.count} vectors are asked for")
    resynchronisation = request.resynchronisation
    if resynchronisation is not None and (len(resynchronisation.rand), len(resynchronisation.auts)) != (16, 14):
        return ServiceRefused(Refusal.INVALID_REQUEST, "a resynchronisation is RAND of 16 and AUTS of 14 octets")
    return None


def _eps_fault(serving_network: bytes) -> ServiceRefused | None:
    if len(serving_network) != SERVING_NETWORK_LENGTH:
        return ServiceRefused(Refusal.INVALID_REQUEST, f"a serving network has {SERVING_NETWORK_LENGTH} octets")
    return None


class _Refusals:
    """What the store says, as the HSS says it. One for all: it holds nothing, and every vector passes it."""

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if error is None:
            return
        if isinstance(error, StoreBusy):
            raise ServiceRefused(Refusal.TOO_BUSY, str(error)) from None
        if isinstance(error, StoreError):
            raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None


_REFUSALS = _Refusals()
