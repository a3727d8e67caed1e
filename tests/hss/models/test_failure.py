"""What the schema itself refuses of failures."""

import pytest
from sqlalchemy import insert, text

from hss.failure_api import Certainty, Hypothesis
from hss.models import FailedAuthentication
from hss.store.engines import transaction
from hss.store.errors import StoreConflict
from hss.store.location import Location
from tests.hss.sessions.events import NOON

ROW = {
    "reference": "1", "at": NOON, "session": "", "client": "radius/lab", "method": "AKA", "access": "", "ms": 1,
    "cause": "c", "detail": "", "why": "", "dialogue": "[]",
}  # fmt: skip


@pytest.mark.parametrize("half", [{"hypothesis": Hypothesis.SQN}, {"certainty": Certainty.PROVEN}])
def test_verdict_is_whole_or_not_there(location: Location, half: dict[str, object]) -> None:
    with transaction(location) as connection:
        connection.execute(insert(FailedAuthentication), [ROW, ROW | {"imsi": "001010000000001"}])
    with pytest.raises(StoreConflict, match="verdict"), transaction(location) as connection:
        connection.execute(insert(FailedAuthentication).values(**ROW | half))


def test_certainty_is_one_of_two_words(location: Location) -> None:
    with transaction(location) as connection:
        connection.execute(insert(FailedAuthentication).values(**ROW))
    with pytest.raises(StoreConflict, match="certainty"), transaction(location) as connection:
        connection.execute(text("UPDATE failed_authentication SET hypothesis = 'x', certainty = 'guessed'"))
