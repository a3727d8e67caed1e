"""The authentication service and the HSS, each with a meter before it."""

from time import perf_counter

from aaa.messages import Accept, AccessAnswer, AccessRequest, AuthenticationService, Challenge, Ignore, Reject
from aaa.metrics import HSS_SECONDS, RESYNCHRONISATIONS, ROUND_SECONDS, ROUNDS
from hss.api import ASSIGNMENTS, AssignmentRequest, HomeSubscriberServer, Profile, ServiceRefused, VectorRequest
from runtime.logs import debugging, get_logger
from wire.aka.vector import AuthVector

log = get_logger("aaa.service")

_ANSWERS = {Accept: "accept", Challenge: "challenge", Ignore: "ignore", Reject: "reject"}


class MeasuredService:
    """`service`, whose rounds are counted by front, client and answer."""

    def __init__(self, service: AuthenticationService) -> None:
        self._service = service

    async def authenticate(self, request: AccessRequest) -> AccessAnswer:
        """As the service."""
        began, front = perf_counter(), request.front
        answer = await self._service.authenticate(request)
        ROUND_SECONDS.observe(perf_counter() - began, front)
        ROUNDS.count(front, request.client.name, _ANSWERS[type(answer)])
        if debugging():
            octets = b"" if isinstance(answer, Ignore) else answer.eap
            log.debug("round served", received=_shown(request.eap), answer=_ANSWERS[type(answer)], eap=_shown(octets))
        return answer


class MeasuredHss:
    """`hss`, whose answers are counted by request and result."""

    def __init__(self, hss: HomeSubscriberServer) -> None:
        self._hss = hss

    async def vectors(self, request: VectorRequest) -> tuple[AuthVector, ...]:
        """As the HSS."""
        began, result = perf_counter(), "failed"
        try:
            vectors = await self._hss.vectors(request)
            result = "ok"
        except ServiceRefused as refused:
            result = refused.refusal.name.lower()
            raise
        finally:
            HSS_SECONDS.observe(perf_counter() - began, "vectors", result)
            if request.resynchronisation is not None:
                RESYNCHRONISATIONS.count(result)
        return vectors

    async def assign(self, request: AssignmentRequest) -> Profile | None:
        """As the HSS."""
        began, result = perf_counter(), "failed"
        try:
            profile = await self._hss.assign(request)
            result = "ok"
        except ServiceRefused as refused:
            result = refused.refusal.name.lower()
            raise
        finally:
            HSS_SECONDS.observe(perf_counter() - began, ASSIGNMENTS[request.assignment], result)
        return profile


def _shown(octets: bytes) -> str:
    """Code, type, subtype and length of an EAP packet: which message it is, and nothing that is in it."""
    return f"{'/'.join(str(octet) for octet in octets[:1] + octets[4:6])} {len(octets)} octets" if octets else ""
