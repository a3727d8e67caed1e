"""What requests hold: OpenAPI's patterns and what is checked are the same."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

from hss.api import PdnType
from hss.provisioning.apns import ApnRefused
from hss.rest.bodies import ApnBody, ApnValues, Key, Keys, KeysWithOp, KeysWithOpc, SubscriberBody, keys_input, numbered
from tests.hss.rest.conftest import KEYS, OPC, K
from wire.secret import Secret

KEY: TypeAdapter[Secret] = TypeAdapter(Key)
KEYS_BODY: TypeAdapter[KeysWithOpc | KeysWithOp] = TypeAdapter(Keys)


@pytest.mark.parametrize("text", [K, K.upper(), K * 2, K[:-1], K[:-1] + "g", K + " ", "", "é" * 32, "٠" * 32])
def test_pattern_of_a_key_says_what_is_taken(text: str) -> None:
    pattern = KEY.json_schema()["pattern"]
    try:
        taken = bool(KEY.validate_python(text))
    except ValidationError as error:
        assert text not in str([one["msg"] for one in error.errors()]) or not text
        taken = False
    assert taken == bool(re.fullmatch(pattern, text))


def test_key_shows_itself_nowhere() -> None:
    body = SubscriberBody.model_validate({"keys": KEYS, "apns": [{"name": "a"}]})
    assert K not in repr(body)
    assert "<secret of 16 octets>" in repr(body)
    assert KEY.json_schema()["writeOnly"] is True


def test_keys_are_those_that_a_file_would_give() -> None:
    by_op, by_opc = (
        keys_input(KEYS_BODY.validate_python(KEYS), "b9b9"),
        keys_input(KEYS_BODY.validate_python({"k": K, "opc": OPC})),
    )
    assert (by_op.op is not None, by_op.opc, by_op.amf) == (True, None, 0xB9B9)
    assert (by_opc.op, by_opc.opc, by_opc.amf) == (None, Secret.fromhex(OPC), None)


def test_apns_get_identifiers_in_their_order() -> None:
    first = ApnBody(name="a", pdn_type="ipv4", home_address_v4="192.0.2.1", ambr_up=1, ambr_down=2).profile("a")
    second = ApnValues().profile("B")
    found = numbered([first, second])
    assert [(apn.context_id, apn.name, apn.pdn_type) for apn in found] == [
        (1, "a", PdnType.IPV4),
        (2, "b", PdnType.IPV6),
    ]
    with pytest.raises(ApnRefused, match="APN a is there twice"):
        numbered([first, first])


def test_what_is_not_described_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        SubscriberBody.model_validate({"apns": [{"name": "a"}], "seq": 5})
    with pytest.raises(ValidationError, match="valid integer"):
        ApnValues.model_validate({"ambr_up": "5"})
