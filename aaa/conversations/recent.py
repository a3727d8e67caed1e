"""What this process sealed last, as it was before: opening it again and deriving its keys would cost time."""

from collections import OrderedDict

from aaa.sessions import Conversation


class Recent:
    """At most `limit` conversations by their tokens; the oldest gives way. Whatever is missing is opened."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._conversations: OrderedDict[bytes, Conversation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._conversations)

    def put(self, token: bytes, conversation: Conversation) -> None:
        """Remember it."""
        if len(self._conversations) >= self._limit:
            self._conversations.popitem(last=False)
        self._conversations[token] = conversation

    def get(self, token: bytes, client: str) -> Conversation | None:
        """What `client` was given as `token`; the same octets again are as genuine as they were."""
        found = self._conversations.get(token)
        return found if found is not None and found.client == client else None

    def drop(self, token: bytes) -> None:
        """It has gone on, or is over."""
        self._conversations.pop(token, None)
