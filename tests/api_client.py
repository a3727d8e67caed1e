"""A client of the REST API over TLS, that keeps every octet it was answered."""

import http.client
import json
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LIMIT = 60.0


@dataclass
class ApiClient:
    """Asks an API at (host, port), whose certificate comes from `ca`, with a token."""

    address: tuple[str, int]
    ca: Path
    token: str
    answered: list[bytes] = field(default_factory=list)
    _connection: http.client.HTTPSConnection | None = None

    def __enter__(self) -> Self:
        context = ssl.create_default_context(cafile=self.ca)
        self._connection = http.client.HTTPSConnection(*self.address, context=context, timeout=LIMIT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        assert self._connection is not None
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:  # noqa: ANN401
        """What is answered as JSON, when it comes with `status`; bytes of a body are sent as they are."""
        assert self._connection is not None
        octets = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self._connection.request(method, path, octets, headers)
        reply = self._connection.getresponse()
        answer = reply.read()
        self.answered.append(answer)
        assert reply.status == status, (method, path, reply.status, answer)
        return json.loads(answer) if answer else None
