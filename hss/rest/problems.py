"""What went wrong, as RFC 9457 says it: application/problem+json with a line that says what to do."""

import http
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from hss.api import Refusal, ServiceRefused
from hss.keys.vault import VaultError
from hss.provisioning.apns import ApnRefused
from hss.provisioning.change import Conflict, NotThere, ProvisioningRefused
from hss.store.errors import StoreBusy, StoreConflict, StoreError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 1
"""Seconds after which a request that met a busy store may come again."""

_NAME = re.compile(r"[a-z_]{1,32}")
_VARIABLE = re.compile(r"\{\w+\}")
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""As RFC 9110 §15.5 has them; what http.HTTPStatus says of these depends on the version of Python."""
_SERVICE = {
    Refusal.USER_UNKNOWN: 404,
    Refusal.INVALID_REQUEST: 422,
    Refusal.UNAVAILABLE: 503,
    Refusal.TOO_BUSY: 503,
}


class PreconditionFailed(ProvisioningRefused):
    """If-Match or If-None-Match does not hold (RFC 9110 §13.1)."""


class Fault(BaseModel):
    """One place of a request that is wrong."""

    where: str = Field(description="such as body.keys.k")
    what: str


class Problem(BaseModel):
    """RFC 9457 §3.1; `faults` are there when the request itself is wrong."""

    title: str
    status: int
    detail: str
    faults: list[Fault] | None = None


def problem(
    status: int, detail: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer that tells of a problem; `detail` is one line that shows no key."""
    found = Problem(title=_phrase(status), status=status, detail=detail, faults=list(faults) or None)
    content = found.model_dump(exclude_none=True)
    return JSONResponse(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of these answers, and of those that every request may get."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    every = sorted({*statuses, 400, 401, 403, 429, 500, 503})
    return {status: {"description": _phrase(status), "content": content} for status in every}


def status_of(error: Exception) -> int:
    """How HTTP calls what provisioning, store and HSS refuse."""
    match error:
        case PreconditionFailed():
            return 412
        case NotThere():
            return 404
        case ServiceRefused():
            return _SERVICE.get(error.refusal, 409)
        case StoreConflict():
            # another process was quicker: what is there now is not what was asked upon
            return 409
        case StoreError() | VaultError():
            return 503
        case _:
            return 409


def register(app: FastAPI) -> None:
    """Let `app` say everything that is refused as a problem."""

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        status = status_of(error)
        headers = {"Retry-After": str(RETRY_AFTER)} if isinstance(error, StoreBusy) else None
        return problem(status, str(error), headers=headers)

    async def malformed(_request: Request, error: Exception) -> JSONResponse:
        details = error.errors() if isinstance(error, RequestValidationError) else ()
        faults = [Fault(where=_where(one["loc"]), what=one["msg"].removeprefix("Value error, ")) for one in details]
        return problem(422, "the request is not as the API describes it; see faults", faults=faults)

    async def by_status(request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        if status == 405:
            headers["Allow"] = ", ".join(sorted(_methods(app, request.url.path)))
        detail = error.detail if isinstance(error, HTTPException) else ""
        return problem(status, _DETAILS.get(status, detail), headers=headers)

    async def failed(_request: Request, _error: Exception) -> JSONResponse:
        return problem(500, "the HSS failed; its log says why")

    for kind in (ProvisioningRefused, Conflict, ApnRefused, ServiceRefused, StoreError, VaultError):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, by_status)
    app.add_exception_handler(Exception, failed)


def _methods(app: FastAPI, path: str) -> set[str]:
    """Every method that the resource knows (RFC 9110 §10.2.1): a route of FastAPI's knows its own alone."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    template = next((one for one in paths if re.fullmatch(_VARIABLE.sub("[^/]+", one), path)), "")
    found = {method.upper() for method in paths.get(template, ())}
    # the gate makes GET of it (hss.rest.gate)
    return found | {"HEAD"} if "GET" in found else found


_DETAILS = {
    400: "the body cannot be read; send JSON in UTF-8",
    404: "there is no such resource; see /openapi.json",
    405: "the resource does not know this method; see /openapi.json",
}


def _where(location: Sequence[int | str]) -> str:
    # a name that somebody else chose might be anything, a key among it
    return ".".join(str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in location)


def _phrase(status: int) -> str:
    return _PHRASES.get(status) or http.HTTPStatus(status).phrase
