"""Preconditions, as RFC 9110 §13.1 says them."""

import pytest

from hss.keys.vault import Vault
from hss.rest.access import Preconditions, etag
from hss.rest.problems import PreconditionFailed
from hss.store.location import Location
from tests.hss.provisioning.desk import account, put


@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
def test_etag_says_which_revision_of_which_subscriber(location: Location, vault: Vault) -> None:
    put(location, vault)
    found = account(location)
    assert etag(found) == f'"1-{int(found.created.timestamp()):x}"'


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "there", "absent"),
    [
        (None, None, True, True),
        ("*", None, True, False),
        ("mine", None, True, False),
        ('"x", mine', None, True, False),
        ('"x"', None, False, False),
        (None, "*", False, True),
        (None, "mine", False, True),
        (None, '"x"', True, True),
    ],
)
@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
def test_conditions_hold_or_not(
    location: Location, vault: Vault, if_match: str | None, if_none_match: str | None, *, there: bool, absent: bool
) -> None:
    put(location, vault)
    found = account(location)
    sent = [text and text.replace("mine", etag(found)) for text in (if_match, if_none_match)]
    conditions = Preconditions(*sent)
    for subject, holds in ((found, there), (None, absent)):
        if holds:
            conditions.require(subject)
        else:
            with pytest.raises(PreconditionFailed):
                conditions.require(subject)
