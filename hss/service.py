"""The HSS on its store: vectors (MAR, TS 29.273 §8.1.2.1) and assignments (SAR, TS 29.273 §8.1.2.2)."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from hss.algorithms import AlgorithmSettings, read_settings
from hss.allocation import Allocated, Allocation, allocate, sealed_keys
from hss.api import Assignment, AssignmentRequest, Profile, Refusal, Resynchronisation, ServiceRefused, VectorRequest
from hss.auc import genuine_sqn_ms, quintuplet
from hss.custody import Custodian, SealedKeys
from hss.database import Database
from hss.models import DIAMETER_IDENTITY_LENGTH, Subscriber
from hss.nodes import ind_of
from hss.registrations import assign, user_data
from hss.sqn import NodesExhausted, sqns
from hss.store_errors import StoreBusy, StoreError
from hss.vault import VaultError
from wire.aka.functions import AkaFunctions
from wire.aka.sqn import split_sqn
from wire.aka.vector import AuthVector, Auts
from wire.identity import EapMethod
from wire.sansio import RandomBytes

VECTORS_MAX = 5
"""At most so many vectors for one request (SIP-Number-Auth-Items); the HSS may give fewer than asked."""
NETWORK_NAME_MAX = 253
"""Octets of an access network identity (TS 24.302 §8.1.1)."""


class HssService:
    """`hss.api.HomeSubscriberServer` on `database`; `random` gives RAND."""

    def __init__(self, database: Database, custodian: Custodian, random: RandomBytes) -> None:
        self._database = database
        self._custodian = custodian
        self._settings: dict[str, AlgorithmSettings] = {}
        self._random = random
        self._inds: dict[str, int] = {}

    async def check_keys(self) -> None:
        """ServiceRefused when the first subscriber's keys do not open: better said at start than to each user."""
        with _refusals():
            imsi = await self._database.read(_first_imsi)
        if imsi is not None:
            with _refusals():
                keys = await self._database.read(lambda connection: sealed_keys(connection, imsi))
            if isinstance(keys, SealedKeys):
                await self._functions(keys)

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        """As `HomeSubscriberServer.vectors`: unknown, barred, scheme and resynchronisation are judged in this order."""
        fault = _fault(request)
        if fault is not None:
            await self._require_subscriber(str(request.imsi))
            raise fault
        seq_ms = None
        if request.resynchronisation is not None:
            seq_ms = await self._seq_ms(str(request.imsi), request.resynchronisation)
        ind = await self._ind(request.node)
        count = min(request.count, VECTORS_MAX)
        with _refusals():
            allocated = await self._database.together(allocate, Allocation(str(request.imsi), count, seq_ms))
        if isinstance(allocated, ServiceRefused):
            raise allocated
        functions = await self._functions(allocated.keys)
        return self._quintuplets(request, allocated, functions, count, ind)

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        """As `HomeSubscriberServer.assign`."""
        with _refusals():
            if request.assignment is Assignment.USER_DATA_REQUEST:
                outcome = await self._database.read(lambda connection: user_data(connection, request))
            else:
                outcome = await self._database.write(lambda connection: assign(connection, request))
        if isinstance(outcome, ServiceRefused):
            raise outcome
        return outcome

    def _quintuplets(
        self, request: VectorRequest, allocated: Allocated, functions: AkaFunctions, count: int, ind: int
    ) -> tuple[AuthVector, ...]:
        return tuple(
            quintuplet(functions, sqn, self._random(16), allocated.keys.amf, request.method, request.network_name)
            for sqn in sqns(allocated.last_seq, count, ind)
        )

    async def _require_subscriber(self, imsi: str) -> SealedKeys:
        with _refusals():
            keys = await self._database.read(lambda connection: sealed_keys(connection, imsi))
        if isinstance(keys, ServiceRefused):
            raise keys
        return keys

    async def _seq_ms(self, imsi: str, resynchronisation: Resynchronisation) -> int:
        functions = await self._functions(await self._require_subscriber(imsi))
        auts = Auts.parse(resynchronisation.auts)
        sqn_ms = genuine_sqn_ms(functions, resynchronisation.rand, auts)
        if sqn_ms is None:
            raise ServiceRefused(Refusal.RESYNCHRONISATION_REJECTED, f"MAC-S of {imsi} is wrong; SQN stays")
        return split_sqn(sqn_ms)[0]

    async def _ind(self, node: str) -> int:
        node = node.lower()
        known = self._inds.get(node)
        if known is None:
            try:
                with _refusals():
                    known = await self._database.write(lambda connection: ind_of(connection, node))
            except NodesExhausted as error:
                raise ServiceRefused(Refusal.UNAVAILABLE, f"{error}; {node} gets none") from None
            self._inds[node] = known
        return known

    async def _functions(self, keys: SealedKeys) -> AkaFunctions:
        settings = await self._settings_of(keys.profile)
        try:
            return self._custodian.functions(keys, settings)
        except VaultError as error:
            raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None

    async def _settings_of(self, profile: str) -> AlgorithmSettings:
        if profile not in self._settings:
            with _refusals():
                self._settings = await self._database.read(read_settings)
        return self._settings[profile]


def _fault(request: VectorRequest) -> ServiceRefused | None:
    if request.method not in (EapMethod.AKA, EapMethod.AKA_PRIME):
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


def _first_imsi(connection: Connection) -> str | None:
    return connection.scalar(select(Subscriber.imsi).order_by(Subscriber.imsi).limit(1))


@contextmanager
def _refusals() -> Iterator[None]:
    """What the store says, as the HSS says it."""
    try:
        yield
    except StoreBusy as error:
        raise ServiceRefused(Refusal.TOO_BUSY, str(error)) from None
    except StoreError as error:
        raise ServiceRefused(Refusal.UNAVAILABLE, str(error)) from None
