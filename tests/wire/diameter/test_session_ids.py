"""Session-Ids that say for whose conversation they are (RFC 6733 §8.8)."""

import pytest

from wire.diameter.session_ids import conversation_of, with_conversation

OWN = "aaa.example;1764419632;7"


@pytest.mark.parametrize("conversation", ["5f0c2a9be1d4", "pgw.example;1764419632;1", "pgw.example;1;2;c=inner"])
def test_conversation_comes_back(conversation: str) -> None:
    session_id = with_conversation(OWN, conversation)
    assert session_id.startswith(f"{OWN};")
    assert conversation_of(session_id) == conversation


def test_session_id_of_a_stranger_is_its_own_name() -> None:
    assert with_conversation(OWN, "") == OWN
    assert conversation_of("mme.example;1;2;001010000000001") == "mme.example;1;2;001010000000001"
