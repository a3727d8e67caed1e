"""No answer has a place for a key, but that of vectors."""

from pydantic import BaseModel

from hss.keys.vault import Vault
from hss.rest import answers
from hss.rest.answers import Answer, SubscriberAnswer
from hss.store.location import Location
from tests.hss.provisioning.desk import account, put

KEY_NAMES = {"k", "opc", "op", "ck", "ik", "xres", "kasme", "token", "digest"}
VERDICT = {"VerdictAnswer": {"k", "opc"}}
"""Words about keys."""


def models() -> dict[str, type[BaseModel]]:
    return {name: kind for name, kind in vars(answers).items() if isinstance(kind, type) and issubclass(kind, Answer)}


def test_only_vectors_hold_what_opens_anything() -> None:
    found = {name: set(kind.model_fields) & KEY_NAMES - VERDICT.get(name, set()) for name, kind in models().items()}
    assert len(found) > 20
    assert {name for name, names in found.items() if names} == {"VectorAnswer"}


def test_subscriber_is_shown_without_what_changes_by_itself(location: Location, vault: Vault) -> None:
    put(location, vault)
    shown = SubscriberAnswer.of(account(location)).model_dump(mode="json")
    assert [apn["name"] for apn in shown["apns"]] == ["internet", "*"]
    assert {"seq", "serving_aaa"} & shown.keys() == set()
