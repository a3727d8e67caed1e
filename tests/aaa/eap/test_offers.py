"""What a challenge encrypts, against a challenge of hostap's."""

import pytest

from aaa.eap.offers import after_challenge
from aaa.eap.states import Challenged, Exchange
from aaa.eap.temporary import NoTemporaryIdentities, Resumable
from tests.aaa.eap.dialogue import TemporaryIdentities
from tests.captures import load_run
from wire.eap.aka import AkaMessage
from wire.eap.aka_keys import derive_keys
from wire.eap.attributes import At


@pytest.mark.parametrize("name", ["aka_full_resultind_then_reauth", "akaprime_full_resultind_then_reauth"])
def test_server_encrypts_its_offers_as_hostap_does(name: str) -> None:
    run = load_run(name)
    one = run.exchanges[0].rounds[0]
    captured = AkaMessage.parse(run.exchanges[0].requests[1])
    vector = one.vector()
    keys = derive_keys(run.method, one.identity, vector.ck, vector.ik)
    inside = captured.parse_encrypted(keys.k_encr)
    identities = TemporaryIdentities(
        next_pseudonyms=[inside.get(At.NEXT_PSEUDONYM) or b""], next_onces=[inside.get(At.NEXT_REAUTH_ID) or b""]
    )
    exchange = Exchange(run.method, one.identity, captured.identifier)
    state = Challenged(exchange, run.imsi, vector.rand, vector.autn, vector.xres, keys, b"")
    iv = captured.attributes.get(At.IV) or b""
    ours = after_challenge(state, identities, "WLAN", lambda count: iv[:count])
    assert ours == b"".join(item.build() for item in captured.attributes if item.type in (At.IV, At.ENCR_DATA))
    assert identities.asked == [(Resumable(run.imsi, keys), "WLAN")]
    assert after_challenge(state, NoTemporaryIdentities(), None, bytes) == b""
