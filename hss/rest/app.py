"""The REST API as an ASGI application: routes, problems, and what OpenAPI says of them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hss.api import AuthenticationCentre
from hss.rest import apns, imports, profiles, subscribers, trail, vectors
from hss.rest.import_desk import ImportDesk
from hss.rest.problems import Problem, register
from hss.rest.transactions import Transactions
from hss.store.location import Location
from wire.sansio import RandomBytes

VERSION = "1"

_TITLE = "Akadia HSS"
_ABOUT = """\
Subscribers, APNs, algorithm profiles, SIM batches and the audit trail of an HSS.

Every request shows a token (`akadia token add NAME --role ROLE`). Keys go in and never come out; vectors are for tokens
with the role `vectors` alone. Problems are told as RFC 9457 says. A subscriber's ETag goes into If-Match."""


def build(
    transactions: Transactions,
    centre: AuthenticationCentre,
    desk: ImportDesk,
    location: Location,
    random: RandomBytes,
) -> FastAPI:
    """The application, to be put behind a `hss.rest.gate.Gate`."""
    app = FastAPI(title=_TITLE, version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False)
    register(app)
    for router in (
        subscribers.routes(transactions, random),
        apns.routes(transactions),
        vectors.routes(centre),
        profiles.routes(transactions),
        imports.routes(transactions, desk),
        trail.routes(transactions, location),
    ):
        app.include_router(router)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
        components = found.setdefault("components", {})
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schemas = components.setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs") | {"Problem": problem}
        found["security"] = [{"token": []}]
        app.openapi_schema = found
    return app.openapi_schema
