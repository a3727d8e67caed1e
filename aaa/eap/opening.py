"""The opening of an exchange: identity rounds, then a vector or a fast re-authentication (RFC 4187 §4.1)."""

from aaa.eap import sim
from aaa.eap.challenge import WrongAnswer
from aaa.eap.endings import Step, next_request, refuse, wrong
from aaa.eap.events import FetchVector, SendEap
from aaa.eap.identity_rounds import Ask, Judge, Known, Resume, Unknown, identity_request
from aaa.eap.policy import AkaPolicy
from aaa.eap.reauthentication import reauthenticating
from aaa.eap.states import AwaitingIdentity, AwaitingVector, Exchange, IdRequest, Reauthenticating
from aaa.eap.temporary import Identities, Resumable
from aaa.messages import RejectCause
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At
from wire.eap.checkcode import checkcode
from wire.identity import EapMethod, IdentityKind, Imsi, classify
from wire.sansio import RandomBytes

_PERMANENT, _REAUTHENTICATION, _SIM = IdentityKind.PERMANENT, IdentityKind.REAUTHENTICATION, EapMethod.SIM


def _vectors(method: EapMethod, policy: AkaPolicy) -> tuple[str | None, tuple[int, ...], int]:
    """For which access network a full authentication asks, which AT_KDF it offers, and how many vectors it needs."""
    kdfs = policy.kdfs if method is EapMethod.AKA_PRIME else ()
    return policy.name_for(method), kdfs, sim.TRIPLETS if method is EapMethod.SIM else 1


class Opening:
    """What leads from an identity to the first proof; each step gives the state that follows and one effect."""

    def __init__(self, policy: AkaPolicy, identities: Identities, random: RandomBytes) -> None:
        self._policy = policy
        self._identities = identities
        self._random = random
        self._judges = {method: Judge(method, identities, policy.name_for(method)) for method in EapMethod}
        self._asks_for = {method: _vectors(method, policy) for method in EapMethod}

    def begin(self, exchange: Exchange, now: float) -> Step:
        """By EAP-Response/Identity, where that is believed (RFC 4187 §4.1.4)."""
        if self._policy.always_ask_identity:
            return _ask(_heard(exchange, exchange.identity), IdRequest.ANY, ())
        return self._judged(None, exchange, exchange.identity, (), now)

    def identified(self, state: AwaitingIdentity, message: AkaMessage, now: float) -> Step:
        """By AT_IDENTITY of AKA-Identity."""
        return self._identified(state, message, message.attributes.get(At.IDENTITY) or b"", now)

    def _identified(
        self, state: AwaitingIdentity, message: AkaMessage, identity: bytes, now: float, nonce_mt: bytes = b""
    ) -> Step:
        return self._judged(state.asked, state.exchange, identity, (*state.rounds, message.octets), now, nonce_mt)

    def started(self, state: AwaitingIdentity, message: AkaMessage, now: float) -> Step:
        """By SIM-Start, which brings NONCE_MT for a full authentication (RFC 4186 §4.2)."""
        started = sim.read_start(message)
        if isinstance(started, WrongAnswer):
            return wrong(state.exchange, started, state.known)
        if state.asked is not None and started.identity is None:
            return wrong(state.exchange, WrongAnswer("AT_IDENTITY is missing", malformed=True), None)
        if state.known is None:
            return self._identified(state, message, started.identity or b"", now, started.nonce_mt)
        if not started.nonce_mt:
            return _without_nonce(state.exchange, state.known)
        return self._fetch(state.exchange, state.known, b"", now, started.nonce_mt)

    def _judged(
        self,
        asked: IdRequest | None,
        exchange: Exchange,
        identity: bytes,
        rounds: tuple[bytes, ...],
        now: float,
        nonce_mt: bytes = b"",
    ) -> Step:
        method = exchange.method
        judgement = self._judges[method].judge(asked, identity)
        if isinstance(judgement, Known):
            kind, imsi = judgement.kind, judgement.imsi
            shown = exchange.imsi_shown or kind is _PERMANENT
            exchange = Exchange(method, judgement.identity, exchange.identifier, kind, shown)
            if method is _SIM and not nonce_mt:
                # RFC 4186 §9.2: only who may show an identity for fast re-authentication may leave it out.
                is_due = asked in (IdRequest.FULLAUTH, IdRequest.PERMANENT)
                return _without_nonce(exchange, imsi) if is_due else _ask(exchange, None, rounds, imsi)
            code = checkcode(method, rounds) if rounds else b""
            return self._fetch(exchange, imsi, code, now, nonce_mt)
        exchange = _heard(exchange, identity)
        match judgement:
            case Resume(resumable):
                return self._reauthenticate(exchange, resumable, checkcode(exchange.method, rounds))
            case Ask(request):
                return _ask(exchange, request, rounds)
            case Unknown(reason, said):
                return refuse(exchange, RejectCause.USER_UNKNOWN, reason, said)

    def _fetch(self, exchange: Exchange, imsi: Imsi, code: bytes, now: float, nonce_mt: bytes = b"") -> Step:
        method = exchange.method
        network_name, kdfs, count = self._asks_for[method]
        following = AwaitingVector(exchange, imsi, code, now + self._policy.hss_limit, kdfs, False, nonce_mt)
        return following, [FetchVector(imsi, method, network_name, None, count)]

    def challenge_instead(self, state: Reauthenticating, now: float) -> Step:
        """The UE has seen the counter: RFC 4187 §5.5.

        No AKA-Identity follows, and the keys are derived from the fast re-authentication identity; EAP-SIM needs
        NONCE_MT first.
        """
        imsi = state.resumable.imsi
        if state.exchange.method is EapMethod.SIM:
            return _ask(state.exchange, None, (), imsi)
        return self._fetch(state.exchange, imsi, state.checkcode, now)

    def _reauthenticate(self, exchange: Exchange, resumable: Resumable, code: bytes) -> Step:
        identifier = exchange.identifier + 1 & 0xFF
        exchange = Exchange(exchange.method, exchange.identity, identifier, _REAUTHENTICATION, exchange.imsi_shown)
        following, request = reauthenticating(
            exchange, resumable, code, policy=self._policy, identities=self._identities, random=self._random
        )
        return following, [SendEap(request)]


def _without_nonce(exchange: Exchange, imsi: Imsi) -> Step:
    return wrong(exchange, WrongAnswer("AT_NONCE_MT is missing", malformed=True), imsi)


def _heard(exchange: Exchange, identity: bytes) -> Exchange:
    shown = _is_shown(exchange, identity)
    return Exchange(exchange.method, identity, exchange.identifier, exchange.kind, shown)


def _is_shown(exchange: Exchange, identity: bytes) -> bool:
    return exchange.imsi_shown or classify(identity).kind is IdentityKind.PERMANENT


def _ask(exchange: Exchange, asked: IdRequest | None, rounds: tuple[bytes, ...], known: Imsi | None = None) -> Step:
    exchange = next_request(exchange)
    if exchange.method is EapMethod.SIM or asked is None:
        request = sim.start_request(exchange, asked)
    else:
        request = identity_request(exchange, asked)
    return AwaitingIdentity(exchange, asked, (*rounds, request), known), [SendEap(request)]
