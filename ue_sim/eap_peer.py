"""The EAP peer of the UE: EAP-AKA (RFC 4187) and EAP-AKA' (RFC 9048), without IO."""

from dataclasses import replace
from typing import assert_never

from ue_sim.eap import answers, temporary
from ue_sim.eap.challenge import Policy, judge_challenge
from ue_sim.eap.forms import IdentityForm
from ue_sim.eap.reauthentication import Reauthentication
from ue_sim.eap.states import (
    TRANSITIONS,
    Answered,
    AwaitingChallenge,
    AwaitingMethod,
    Confirmed,
    Done,
    EapArrived,
    Effect,
    Event,
    KeysDerived,
    PeerFailed,
    Refused,
    SendEap,
    State,
)
from ue_sim.eap.temporary import Kept, Names, Once, Shown
from ue_sim.usim import Usim
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype, comes_before_authentication, says_success
from wire.eap.encrypted import IV_LENGTH, seal
from wire.eap.packet import EapCode, EapPacket, EapType, identity_response, nak
from wire.errors import DecodeError
from wire.identity import EapMethod, Imsi, Plmn
from wire.sansio import RandomBytes, Tick, check_transition
from wire.secret import Secret

__all__ = ["TRANSITIONS", "AkaPeer", "EapArrived", "Effect", "Event", "KeysDerived", "PeerFailed", "SendEap"]

DEFAULT_METHODS = (EapMethod.AKA_PRIME, EapMethod.AKA)

# RFC 4187 §4.1.5: requests for an identity only ever become more demanding.
_RANK = {
    At.ANY_ID_REQ: temporary.ANY,
    At.FULLAUTH_ID_REQ: temporary.FULLAUTH,
    At.PERMANENT_ID_REQ: temporary.PERMANENT,
}

_ANSWERS = {"permanent": temporary.PERMANENT, "pseudonym": temporary.FULLAUTH, "reauthentication": temporary.ANY}


class AkaPeer:
    """One EAP conversation of the user `imsi` of the home network `plmn`.

    `methods` are those the UE runs, the preferred one first. `network_name` is the access network that AT_KDF_INPUT
    must name (None: any). `timeout` is how many seconds the conversation may last from its first packet on. With
    `random`, entropy for AT_IV, the UE shows what it has `kept` of the conversation before, and keeps what this one
    gives it; without, it always shows its permanent identity. `answer` is what it answers whatever kind of
    identity is asked for: "permanent", "pseudonym", "reauthentication" or an NAI. `form` is how
    it writes its identities.
    """

    def __init__(
        self,
        *,
        usim: Usim,
        imsi: Imsi,
        plmn: Plmn,
        methods: tuple[EapMethod, ...] = DEFAULT_METHODS,
        network_name: str | None = None,
        result_ind: bool = True,
        timeout: float = 60.0,
        kept: Kept | None = None,
        random: RandomBytes | None = None,
        answer: str = "",
        form: IdentityForm | None = None,
    ) -> None:
        self._usim = usim
        self._random = random
        self._names = Names(imsi, plmn, Kept() if random is None or kept is None else kept, form or IdentityForm())
        self._policy = Policy(methods, network_name, result_ind)
        self._timeout = timeout
        self._answered, self._literal = _ANSWERS.get(answer), answer
        self._deadline: float | None = None
        self._last: tuple[bytes, bytes] | None = None
        self._first = shown = self._names.introduce(methods[0])
        self._state: State = AwaitingMethod(shown.identity, shown.keyed, shown.once)

    @property
    def identity(self) -> bytes:
        """The NAI that EAP-Response/Identity, or IDi in its place, carries."""
        return self._first.identity

    @property
    def kept(self) -> Kept:
        """What the next conversation may begin with; a fast re-authentication identity that was shown is not in it."""
        return self._names.kept

    @property
    def k_aut(self) -> Secret | None:
        """What its answers are sealed with, once a challenge was answered."""
        return self._state.keys.k_aut if isinstance(self._state, Answered | Confirmed) else None

    @property
    def state(self) -> State:
        """What is due; plain data."""
        return self._state

    @property
    def deadline(self) -> float | None:
        """When the peer gives up; None before the first packet and after the end."""
        return self._deadline

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one packet, or the deadline."""
        match event:
            case EapArrived(octets):
                effects, following = self._take(octets)
            case Tick():
                if self._deadline is None or now < self._deadline:
                    return []
                effects, following = [PeerFailed(self._given_up())], Done()
            case _:
                assert_never(event)
        check_transition(TRANSITIONS, self._state, event, following)
        self._state = following
        if isinstance(following, Done):
            self._deadline = None
        elif self._deadline is None:
            self._deadline = now + self._timeout
        return effects

    def _show(self, method: EapMethod, rank: int) -> Shown:
        shown = self._names.show(method, rank)
        self._use_up(shown.once)
        return shown

    def _show_asked(self, method: EapMethod, asked: int) -> Shown:
        if self._literal and self._answered is None:
            return Shown(self._literal.encode())
        return self._show(method, asked if self._answered is None else self._answered)

    def _use_up(self, once: Once | None) -> None:
        """RFC 4187 §4.1.1.8: it is gone once it was shown, however the conversation ends."""
        if once is not None:
            self._keep(replace(self._names.kept, once=None))

    def _keep(self, kept: Kept) -> None:
        if self._random is not None:
            self._names = replace(self._names, kept=kept)

    def _given_up(self) -> str:
        match self._state:
            case Refused(cause):
                return cause
            case AwaitingMethod():
                due = "an EAP method"
            case AwaitingChallenge():
                due = "AKA-Challenge"
            case Answered(result_agreed=agreed):
                due = "AKA-Notification" if agreed else "EAP-Success"
            case _:
                due = "EAP-Success"
        return f"EAP was not over within {self._timeout:g} s: {due} is missing"

    def _take(self, octets: bytes) -> tuple[list[Effect], State]:
        state = self._state
        try:
            packet = EapPacket.parse(octets)
        except DecodeError:
            return [], state
        if isinstance(state, Done):
            return [], state
        match packet.code:
            case EapCode.SUCCESS:
                return self._succeed(packet.identifier)
            case EapCode.FAILURE:
                cause = state.cause if isinstance(state, Refused) else "EAP-Failure: the network gave no reason"
                return [PeerFailed(cause)], Done()
            case EapCode.REQUEST:
                if self._last is not None and self._last[0] == octets:
                    return [SendEap(self._last[1])], state
                return self._request(packet, octets)
            case EapCode.RESPONSE:
                return [], state
            case _:
                assert_never(packet.code)

    def _succeed(self, identifier: int) -> tuple[list[Effect], State]:
        state = self._state
        # RFC 3748 §4.2: the Identifier is that of the response before it.
        if self._last is None or self._last[1][1] != identifier:
            return [], state
        match state:
            # RFC 4187 §6.3.4: with result indications agreed, EAP-Success counts after the protected success alone.
            case Answered(result_agreed=False) | Confirmed():
                keys = state.keys
                self._keep(state.kept)
                return [KeysDerived(keys.msk, keys.emsk, state.session_id, keys.method)], Done()
            case _:
                return [], state

    def _request(self, packet: EapPacket, octets: bytes) -> tuple[list[Effect], State]:
        answer = self._answer(packet, octets)
        if answer is None:
            return [], self._state
        response, following = answer
        self._last = (octets, response)
        return [SendEap(response)], following

    def _answer(self, packet: EapPacket, octets: bytes) -> tuple[bytes, State] | None:
        state = self._state
        if packet.type == EapType.NOTIFICATION:
            # RFC 4187 §6: EAP-Request/Notification may come at any time.
            return EapPacket(EapCode.RESPONSE, packet.identifier, EapType.NOTIFICATION).build(), state
        match state:
            case AwaitingMethod():
                return self._begin(state, packet, octets)
            case AwaitingChallenge() | Answered() if packet.type == state.method:
                return self._message(packet.identifier, octets, state)
            case Confirmed() if packet.type == state.keys.method:
                error = answers.client_error(state.keys.method, packet.identifier)
                return error, Refused("a request came after the protected success")
            case _:
                return None

    def _begin(self, state: AwaitingMethod, packet: EapPacket, octets: bytes) -> tuple[bytes, State]:
        if packet.type == EapType.IDENTITY:
            self._use_up(state.once)
            return identity_response(packet.identifier, state.identity), state
        method = next((method for method in self._policy.methods if method == packet.type), None)
        if method is None:
            return nak(packet.identifier, *self._policy.methods), state
        self._use_up(state.once)
        once = state.once if state.once is not None and state.once.keys.method is method else None
        return self._message(packet.identifier, octets, AwaitingChallenge(method, state.keyed, once=once))

    def _message(self, identifier: int, octets: bytes, state: AwaitingChallenge | Answered) -> tuple[bytes, State]:
        try:
            message = AkaMessage.parse(octets)
        except DecodeError as error:
            return answers.client_error(state.method, identifier), Refused(f"malformed request: {error.reason}")
        match state, message.subtype:
            case _, Subtype.NOTIFICATION:
                return self._notified(message, state)
            case AwaitingChallenge() as waiting, Subtype.IDENTITY:
                return self._identify(message, waiting)
            case AwaitingChallenge() as waiting, Subtype.CHALLENGE:
                return judge_challenge(message, waiting, self._usim, self._policy, self._names.kept)
            case AwaitingChallenge() as waiting, Subtype.REAUTHENTICATION if self._random is not None:
                return Reauthentication(
                    message, waiting, self._names.kept, self._policy.result_ind, self._random
                ).judge()
            case _:
                return self._error(message, f"unexpected {message.subtype.name} request")

    def _error(self, message: AkaMessage, cause: str) -> tuple[bytes, State]:
        return answers.client_error(message.method, message.identifier), Refused(cause)

    def _identify(self, message: AkaMessage, state: AwaitingChallenge) -> tuple[bytes, State]:
        asked = _rank(message.attributes)
        if asked <= state.asked:
            return self._error(message, "identity requests in a wrong order")
        if asked == temporary.ANY and state.once is not None:
            shown = Shown(state.identity, state.once)
        else:
            shown = self._show_asked(state.method, asked)
        response = answers.identity(state.method, message.identifier, shown.identity)
        rounds = (*state.rounds, message.octets, response)
        return response, AwaitingChallenge(state.method, shown.keyed, rounds, asked, once=shown.once)

    def _notified(self, message: AkaMessage, state: AwaitingChallenge | Answered) -> tuple[bytes, State]:
        code = message.attributes.number(At.NOTIFICATION) or 0
        if comes_before_authentication(code):
            if says_success(code):
                return self._error(message, f"AT_NOTIFICATION {code} contradicts itself")
            return answers.notification(state.method, message.identifier, None), Refused(_told(code))
        # RFC 4187 §6.1: after authentication every notification is protected.
        if not isinstance(state, Answered) or not message.mac_is_genuine(state.keys.k_aut):
            return self._error(message, f"AT_NOTIFICATION {code} is not protected")
        if not _counter_is_right(message, state):
            return self._error(message, f"AT_NOTIFICATION {code} comes with another counter")
        if says_success(code) and not state.result_agreed:
            return self._error(message, "a protected success that was not agreed on")
        response = answers.notification(state.method, message.identifier, state.keys.k_aut, self._counter(state))
        confirmed = Confirmed(state.keys, state.session_id, state.kept)
        return response, confirmed if says_success(code) else Refused(_told(code))

    def _counter(self, state: Answered) -> tuple[Attribute, ...]:
        """RFC 4187 §9.11: within a fast re-authentication its counter comes back, encrypted."""
        if state.counter is None or self._random is None:
            return ()
        return seal((Attribute.number(At.COUNTER, state.counter),), state.keys.k_encr, self._random(IV_LENGTH))


def _counter_is_right(message: AkaMessage, state: Answered) -> bool:
    try:
        return message.parse_encrypted(state.keys.k_encr).number(At.COUNTER) == state.counter
    except DecodeError:
        return False


def _rank(attributes: Attributes) -> int:
    return max(rank for kind, rank in _RANK.items() if kind in attributes)


def _told(code: int) -> str:
    meaning = {0: "general failure", 1026: "temporarily denied access", 1031: "not subscribed to the service"}
    return f"the network notified {code}: {meaning.get(code & 0x3FFF, 'a failure it did not explain')}"
