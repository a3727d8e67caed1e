"""States and conversations of every kind, by hypothesis and by hand."""

from dataclasses import replace

from hypothesis import strategies as st

from aaa.conversations.aka_states import LONGEST_DETAIL
from aaa.conversations.rounds import ASKED
from aaa.eap.identity_rounds import identity_request
from aaa.eap.sim import start_request
from aaa.eap.states import (
    AkaState,
    AwaitingIdentity,
    Challenged,
    Exchange,
    FailureNotified,
    IdentityRequested,
    IdRequest,
    MethodProposed,
    MethodRunning,
    Proven,
    Reauthenticating,
    SimChallenged,
    SuccessNotified,
)
from aaa.eap.temporary import Resumable
from aaa.messages import RejectCause
from tests.aaa.eap.dialogue import IMSI, REALM, identity_response
from tests.aaa.eap.dialogue import RESUMABLES as OLD_RESUMABLES
from tests.aaa.identities.keyrings import NOW
from wire.eap.aka_keys import derive_keys, keys_of_master, reauth_session_id, rederive_keys, resumed_keys
from wire.identity import EapMethod, IdentityKind, Imsi
from wire.secret import Secret

AKA, PRIME, SIM = EapMethod.AKA, EapMethod.AKA_PRIME, EapMethod.SIM
RESUMABLES = {method: replace(one, since=NOW - 5) for method, one in OLD_RESUMABLES.items()}
"""As long ago as an identity may be that is given out now."""

REALMS = (REALM, "reauth.example")
NONCE, MAC = bytes(range(16)), bytes(range(16, 32))

imsis = st.from_regex(r"[0-9]{6,15}", fullmatch=True).map(Imsi)
usernames = st.one_of(
    st.binary(max_size=40),
    st.from_regex(rb"[0-9][0-9]{5,15}", fullmatch=True),
    st.from_regex(rb"[2-8][A-Za-z0-9_-]{10,80}", fullmatch=True),
)
ends = st.sampled_from([b"", b"@", b"@x", f"@{REALM}".encode()])
identities = st.builds(lambda name, end: name + end, usernames, ends)
full_methods = st.sampled_from([AKA, PRIME])
octets = st.integers(0, 255)
checkcodes = st.sampled_from([b"", bytes(range(20)), bytes(range(32))])


def exchanges(methods: st.SearchStrategy[EapMethod]) -> st.SearchStrategy[Exchange]:
    """Any exchange of one of `methods`."""
    return st.builds(Exchange, methods, identities, octets, st.sampled_from(IdentityKind), st.booleans())


def _packet(method: EapMethod, identifier: int, identity: bytes, asked: IdRequest) -> list[bytes]:
    exchange = Exchange(method, b"", identifier)
    if method is SIM:
        return [start_request(exchange, asked)]
    request = identity_request(exchange, asked)
    return [request, identity_response(method, identifier, identity)]


@st.composite
def awaiting(draw: st.DrawFn) -> AwaitingIdentity:
    """An identity round, whose packets may be anything."""
    exchange = draw(exchanges(st.sampled_from(EapMethod)))
    pairs = draw(st.lists(st.tuples(octets, identities, st.sampled_from(IdRequest)), max_size=2))
    rounds = [packet for pair in pairs for packet in _packet(exchange.method, *pair)]
    rounds += draw(st.lists(st.binary(max_size=30), max_size=1))
    known = draw(st.none() | imsis)
    return AwaitingIdentity(exchange, draw(st.sampled_from(ASKED)), tuple(rounds), known)


@st.composite
def challenged(draw: st.DrawFn) -> Challenged:
    """A challenge whose keys follow from its seed."""
    exchange, seed = draw(exchanges(full_methods)), draw(st.binary(min_size=32, max_size=32))
    return Challenged(
        exchange,
        draw(imsis),
        draw(st.binary(min_size=16, max_size=16)),
        draw(st.binary(min_size=16, max_size=16)),
        Secret(draw(st.binary(min_size=4, max_size=16))),
        derive_keys(exchange.method, exchange.identity, seed[:16], seed[16:], emsk=False),
        draw(checkcodes),
        tuple(draw(st.lists(st.integers(0, 65535), max_size=4))),
        draw(st.booleans()),
        Secret(seed),
    )


@st.composite
def sim_challenged(draw: st.DrawFn) -> SimChallenged:
    """A challenge of EAP-SIM."""
    keys = keys_of_master(SIM, draw(st.binary(min_size=20, max_size=20)), emsk=False)
    rands, sres = draw(st.binary(max_size=48)), Secret(draw(st.binary(max_size=12)))
    return SimChallenged(draw(exchanges(st.just(SIM))), draw(imsis), rands, sres, keys, NONCE)


@st.composite
def resumables(draw: st.DrawFn, method: EapMethod) -> Resumable:
    """Whatever a re-authentication may go on from."""
    length = 80 if method is PRIME else 20
    keys = resumed_keys(method, Secret(draw(st.binary(min_size=length, max_size=length))))
    since = draw(st.none() | st.integers(0, 1 << 33))
    return Resumable(draw(imsis), keys, draw(st.integers(0, 65535)), since)


def reauthenticating_with(exchange: Exchange, resumable: Resumable, checkcode: bytes = b"") -> Reauthenticating:
    """The state, with the keys that follow."""
    msk = rederive_keys(resumable.keys, exchange.identity, resumable.counter, NONCE, emsk=False).msk
    session = reauth_session_id(exchange.method, NONCE, MAC)
    return Reauthenticating(exchange, resumable, NONCE, msk, session, checkcode)


@st.composite
def reauthenticating(draw: st.DrawFn) -> Reauthenticating:
    """A fast re-authentication from anything."""
    exchange = draw(exchanges(st.sampled_from(EapMethod)))
    return reauthenticating_with(exchange, draw(resumables(exchange.method)), draw(checkcodes))


def proven_by(exchange: Exchange, imsi: Imsi, seed: bytes, session_id: bytes = b"") -> Proven:
    """A full authentication, whose keys follow from `seed`."""
    if exchange.method is SIM:
        keys = keys_of_master(SIM, seed, emsk=False)
    else:
        keys = derive_keys(exchange.method, exchange.identity, seed[:16], seed[16:], emsk=False)
    return Proven(imsi, keys, keys.msk, session_id, None, Secret(seed))


@st.composite
def success(draw: st.DrawFn) -> SuccessNotified:
    """A success that was notified, after a full authentication or a fast one."""
    if draw(st.booleans()):
        exchange = draw(exchanges(st.sampled_from(EapMethod)))
        length = 20 if exchange.method is SIM else 32
        seed, session = draw(st.binary(min_size=length, max_size=length)), draw(st.binary(max_size=65))
        return SuccessNotified(exchange, proven_by(exchange, draw(imsis), seed, session), None)
    state = draw(reauthenticating())
    resumable = state.resumable
    proven = Proven(resumable.imsi, resumable.keys, state.msk, state.session_id, resumable.counter)
    return SuccessNotified(state.exchange, proven, None)


@st.composite
def failure(draw: st.DrawFn) -> FailureNotified:
    """A failure that was notified: its identity is of no use any more."""
    exchange = draw(exchanges(st.sampled_from(EapMethod)))
    bare = Exchange(exchange.method, b"", exchange.identifier, exchange.kind, exchange.imsi_shown)
    detail = draw(st.text("aé", max_size=LONGEST_DETAIL // 2))
    return FailureNotified(bare, draw(st.sampled_from(RejectCause)), detail, draw(st.none() | imsis))


aka_states: st.SearchStrategy[AkaState] = st.one_of(
    awaiting(), challenged(), sim_challenged(), reauthenticating(), success(), failure()
)


@st.composite
def proposed(draw: st.DrawFn) -> MethodProposed:
    """A state in which a Nak may come."""
    aka = draw(aka_states)
    identity = b"" if isinstance(aka, FailureNotified) else draw(identities)
    return MethodProposed(identity, aka, tuple(draw(st.lists(st.sampled_from(EapMethod), max_size=3))))


eap_states = st.one_of(st.builds(IdentityRequested, octets), proposed(), st.builds(MethodRunning, aka_states))

__all__ = ["IMSI", "MAC", "NONCE", "REALMS", "aka_states", "eap_states", "identities"]
