"""Logins by identity: the share that showed an IMSI."""

import pytest

from aaa.eap.states import (
    AwaitingIdentity,
    Closed,
    Done,
    EapState,
    Exchange,
    FailureNotified,
    IdentityRequested,
    MethodProposed,
    MethodRunning,
)
from aaa.messages import RejectCause
from aaa.metrics import LOGINS, REJECTIONS, STEPS, count_login, count_rejection, count_step
from runtime.metrics.families import REGISTRY
from wire.identity import EapMethod, IdentityKind


def logins(identity: str, imsi: str) -> float:
    return LOGINS.value("AKA", identity, imsi)


def test_logins_are_counted_by_identity_and_by_what_was_shown() -> None:
    before = logins("pseudonym", "hidden"), logins("pseudonym", "shown"), logins("encrypted", "hidden")
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=False)
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=False)
    count_login(EapMethod.AKA, IdentityKind.PSEUDONYM, imsi_shown=True)
    count_login(EapMethod.AKA, IdentityKind.ENCRYPTED, imsi_shown=False)
    after = logins("pseudonym", "hidden"), logins("pseudonym", "shown"), logins("encrypted", "hidden")
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 1, 1]


def exchange(method: EapMethod) -> Exchange:
    return Exchange(method, b"0001010000000001", 1)


@pytest.mark.parametrize(
    ("state", "labels"),
    [
        (IdentityRequested(1), ("", "identity")),
        (MethodProposed(b"", AwaitingIdentity(exchange(EapMethod.AKA), None, ())), ("AKA", "identity")),
        (
            MethodRunning(FailureNotified(exchange(EapMethod.AKA_PRIME), RejectCause.TOO_BUSY, "")),
            ("AKA_PRIME", "failure notification"),
        ),
    ],
)
def test_requests_are_counted_by_what_they_ask_for(state: EapState, labels: tuple[str, str]) -> None:
    before = STEPS.value(*labels)
    count_step(state)
    assert STEPS.value(*labels) - before == 1


def test_what_asks_for_nothing_is_not_counted() -> None:
    before = len(REGISTRY.cells.series())
    count_step(Closed())
    count_step(MethodRunning(Done()))
    assert len(REGISTRY.cells.series()) == before


def test_failures_are_counted_by_client_and_cause() -> None:
    count_rejection("radius/metrics-ap", None, RejectCause.UNKNOWN_STATE)
    count_rejection("radius/metrics-ap", EapMethod.AKA, RejectCause.WRONG_RESPONSE)
    assert REJECTIONS.value("radius", "metrics-ap", "", "unknown_state") == 1
    assert REJECTIONS.value("radius", "metrics-ap", "AKA", "wrong_response") == 1
