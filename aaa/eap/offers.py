"""What the server encrypts for the UE in a challenge or re-authentication: its next identities (RFC 4187 §10.10 f.)."""

from aaa.eap.states import Challenged, SimChallenged
from aaa.eap.temporary import Identities
from wire.eap.attributes import At, build_attribute
from wire.eap.encrypted import IV_LENGTH, seal_octets
from wire.sansio import RandomBytes

_NEXT_PSEUDONYM, _NEXT_REAUTH_ID = At.NEXT_PSEUDONYM, At.NEXT_REAUTH_ID


def after_challenge(
    state: Challenged | SimChallenged, identities: Identities, network_name: str | None, random: RandomBytes
) -> bytes:
    """AT_IV and AT_ENCR_DATA with AT_NEXT_PSEUDONYM and AT_NEXT_REAUTH_ID; nothing when none is given out."""
    keys = state.keys
    pseudonym, once = identities.next_identities(state.imsi, keys, network_name)
    inside = b"" if pseudonym is None else build_attribute(_NEXT_PSEUDONYM, pseudonym)
    if once is not None:
        inside += build_attribute(_NEXT_REAUTH_ID, once)
    return seal_octets(inside, keys.k_encr, random(IV_LENGTH)) if inside else b""
