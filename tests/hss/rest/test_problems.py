"""What went wrong, as RFC 9457 says it."""

import json

import pytest

from hss.api import Refusal, ServiceRefused
from hss.keys.vault import VaultError
from hss.provisioning.apns import ApnRefused
from hss.provisioning.change import Conflict, NotThere, ProvisioningRefused
from hss.rest.problems import Fault, PreconditionFailed, documented, problem, status_of
from hss.store.errors import StoreBusy, StoreConflict, StoreUnavailable
from tests.hss.rest.asking import Client
from tests.hss.rest.conftest import K


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ProvisioningRefused("no"), 409),
        (Conflict("no"), 409),
        (PreconditionFailed("no"), 412),
        (NotThere("no"), 404),
        (ApnRefused("no"), 409),
        (StoreConflict("no"), 409),
        (StoreBusy("no"), 503),
        (StoreUnavailable("no"), 503),
        (VaultError("no"), 503),
        (ServiceRefused(Refusal.USER_UNKNOWN), 404),
        (ServiceRefused(Refusal.SUBSCRIBER_BARRED), 409),
        (ServiceRefused(Refusal.INVALID_REQUEST), 422),
        (ServiceRefused(Refusal.TOO_BUSY), 503),
    ],
)
def test_every_refusal_has_its_status(error: Exception, status: int) -> None:
    assert status_of(error) == status


def test_problem_has_its_media_type_and_no_empty_names() -> None:
    answer = problem(422, "why", faults=[Fault(where="body", what="is wrong")], headers={"X-A": "b"})
    assert (answer.media_type, answer.headers["x-a"]) == ("application/problem+json", "b")
    assert json.loads(bytes(answer.body)) == {
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "why",
        "faults": [{"where": "body", "what": "is wrong"}],
    }
    assert "faults" not in json.loads(bytes(problem(404, "none").body))


def test_every_answer_that_may_come_is_documented() -> None:
    assert list(documented(404, 409)) == [400, 401, 403, 404, 409, 429, 500, 503]


async def test_what_http_itself_refuses_is_a_problem_too(provisioner: Client) -> None:
    assert (await provisioner("GET", "/nowhere")).problem == (404, "there is no such resource; see /openapi.json")
    wrong = await provisioner("TRACE", "/v1/subscribers")
    assert (wrong.problem[0], set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})


async def test_body_that_is_no_json_shows_nothing_of_it(provisioner: Client) -> None:
    reply = await provisioner("PUT", "/v1/subscribers/001010000000001", pieces=[b'{"keys": {"k": "' + K.encode()])
    assert reply.status == 422
    assert K.encode() not in reply.body
