"""The peer's judgement of AKA-Reauthentication (RFC 4187 §5, §9.7, §9.8)."""

import hmac
from dataclasses import dataclass, replace

from ue_sim.eap import answers
from ue_sim.eap.states import Answered, AwaitingChallenge, Refused
from ue_sim.eap.temporary import Kept, Once, learned
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import reauth_session_id, rederive_keys
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.checkcode import checkcode
from wire.eap.encrypted import IV_LENGTH, seal
from wire.errors import DecodeError
from wire.sansio import RandomBytes

Verdict = tuple[bytes, AwaitingChallenge | Answered | Refused]


@dataclass(frozen=True, slots=True)
class Reauthentication:
    """One request to judge; `kept` is what the UE keeps beside the identity that is used up by this."""

    message: AkaMessage
    state: AwaitingChallenge
    kept: Kept
    result_ind: bool
    random: RandomBytes

    def judge(self) -> Verdict:
        """The response and the state that follows: AT_MAC first, then what is encrypted (RFC 4187 §10.15)."""
        once = self.state.once
        if once is None:
            return self._error("a re-authentication that this UE did not ask for")
        if not self.message.mac_is_genuine(once.keys.k_aut):
            return self._error("AT_MAC of the re-authentication is wrong")
        try:
            inside = self.message.parse_encrypted(once.keys.k_encr)
        except DecodeError as error:
            return self._error(f"AT_ENCR_DATA: {error.reason}")
        expected = checkcode(self.state.method, self.state.rounds)
        received = self.message.attributes.get(At.CHECKCODE)
        if received is not None and not hmac.compare_digest(received, expected):
            return self._error("AT_CHECKCODE: the identity rounds were tampered with")
        return self._answer(once, inside)

    def _error(self, cause: str) -> Verdict:
        return answers.client_error(self.state.method, self.message.identifier), Refused(cause)

    def _answer(self, once: Once, inside: Attributes) -> Verdict:
        counter, nonce_s = inside.number(At.COUNTER) or 0, inside.get(At.NONCE_S) or b""
        if counter < once.counter:
            # RFC 4187 §5.5: a challenge follows, with keys from the identity that was shown for this.
            response = self._response(once, counter, nonce_s, (Attribute(At.COUNTER_TOO_SMALL),), ())
            return response, replace(self.state, once=None)
        agreed = self.result_ind and At.RESULT_IND in self.message.attributes
        offers = [item for item in self.message.attributes if item.type == At.CHECKCODE]
        offers += [Attribute(At.RESULT_IND)] if agreed else []
        response = self._response(once, counter, nonce_s, (), tuple(offers))
        fresh = rederive_keys(once.keys, self.state.identity, counter, nonce_s)
        keys = replace(once.keys, msk=fresh.msk, emsk=fresh.emsk)
        session = reauth_session_id(self.state.method, nonce_s, self.message.attributes.get(At.MAC) or b"")
        kept = learned(self.kept, inside, once.keys, counter + 1)
        return response, Answered(self.state.method, keys, session, agreed, kept, counter)

    def _response(
        self, once: Once, counter: int, nonce_s: bytes, more: tuple[Attribute, ...], offers: tuple[Attribute, ...]
    ) -> bytes:
        inside = (Attribute.number(At.COUNTER, counter), *more)
        items = (*seal(inside, once.keys.k_encr, self.random(IV_LENGTH)), *offers)
        return answers.reauthentication(self.state.method, self.message.identifier, items, once.keys.k_aut, nonce_s)
