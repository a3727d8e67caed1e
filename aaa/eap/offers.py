"""What the server encrypts for the UE in a challenge or re-authentication: its next identities (RFC 4187 §10.10 f.)."""

from aaa.eap.states import Challenged, SimChallenged
from aaa.eap.temporary import Identities, Resumable
from wire.eap.attributes import At, Attribute
from wire.eap.encrypted import IV_LENGTH, seal
from wire.sansio import RandomBytes


def after_challenge(
    state: Challenged | SimChallenged, identities: Identities, network_name: str | None, random: RandomBytes
) -> tuple[Attribute, ...]:
    """AT_IV and AT_ENCR_DATA with AT_NEXT_PSEUDONYM and AT_NEXT_REAUTH_ID; nothing when none is given out."""
    pseudonym = identities.next_pseudonym(state.imsi, state.exchange.method)
    once = identities.next_reauthentication(Resumable(state.imsi, state.keys), network_name)
    offered = ((At.NEXT_PSEUDONYM, pseudonym), (At.NEXT_REAUTH_ID, once))
    inside = [Attribute(kind, value) for kind, value in offered if value is not None]
    return seal(inside, state.keys.k_encr, random(IV_LENGTH)) if inside else ()
