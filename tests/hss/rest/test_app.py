"""The whole description of the API."""

from typing import Any

from tests.hss.rest.asking import Client


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


async def test_description_is_openapi_with_security_and_problems(admin: Client) -> None:
    described = (await admin("GET", "/openapi.json")).json
    assert described["openapi"].startswith("3.1.")
    assert described["security"] == [{"token": []}]
    assert described["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    found = operations(described)
    assert len(found) >= 24
    for name, operation in found.items():
        problems = {status for status in operation["responses"] if status >= "400"}
        assert {"401", "403", "422", "429", "500", "503"} <= problems, name
        for status in problems:
            content = operation["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, (
                f"{name} {status}"
            )
    assert "HTTPValidationError" not in described["components"]["schemas"]


async def test_every_operation_says_what_it_does(admin: Client) -> None:
    found = operations((await admin("GET", "/openapi.json")).json)
    assert [name for name, operation in found.items() if not operation.get("description")] == []
    assert len({operation["operationId"] for operation in found.values()}) == len(found)


async def test_pages_that_fetch_from_elsewhere_are_not_served(admin: Client) -> None:
    assert [(await admin("GET", path)).status for path in ("/docs", "/redoc")] == [404, 404]
