"""Session-Ids that say for whose conversation they are: the optional value of RFC 6733 §8.8."""

_MARK = ";c="


def with_conversation(session_id: str, conversation: str) -> str:
    """`session_id` with the name of the conversation that it is for, "" for none."""
    return f"{session_id}{_MARK}{conversation}" if conversation else session_id


def conversation_of(session_id: str) -> str:
    """The conversation that a Session-Id is for, by the name that `with_conversation` gave; else the Session-Id."""
    _, mark, conversation = session_id.partition(_MARK)
    return conversation if mark else session_id
