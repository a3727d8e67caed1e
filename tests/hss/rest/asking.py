"""A client that asks an ASGI application in this process, without any socket."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the API answers
        """The body, which must be JSON."""
        return json.loads(self.body)

    @property
    def problem(self) -> tuple[int, str]:
        """Status and detail of an answer that must be a problem."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        return self.status, self.json["detail"]


@dataclass
class Client:
    """Asks `app` with a token; `seen` is every octet that was ever answered."""

    app: ASGIApp
    token: str = ""
    host: str = "192.0.2.7"
    seen: list[bytes] = field(default_factory=list)

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: dict[str, str] | None = None,
        pieces: list[bytes] | None = None,
    ) -> Reply:
        """The answer to one request; `body` becomes JSON, unless `pieces` are sent as they are."""
        target, _, query = path.partition("?")
        sent = {"authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {"content-type": "application/json"} | (headers or {})
        parts = pieces if pieces is not None else [b"" if body is None else json.dumps(body).encode()]
        waiting: list[Message] = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, start=1)
        ]
        got: list[Message] = []

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            got.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": target,
            "raw_path": target.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": (self.host, 40000),
            "server": ("192.0.2.1", 8443),
        }
        await self.app(scope, receive, send)
        head = got[0]
        answered = b"".join(message.get("body", b"") for message in got[1:])
        self.seen.append(answered)
        return Reply(head["status"], {k.decode().lower(): v.decode() for k, v in head["headers"]}, answered)
