"""An offset is moved forward by an AUTS and never back."""

from sqlalchemy import select

from hss.engines import transaction
from hss.location import Location
from hss.models import Subscriber
from hss.resynchronisation import move_offset
from tests.hss.conftest import Registry


def test_offset_moves_only_forward(registry: Registry, location: Location) -> None:
    imsi = str(registry.add().imsi)
    for wanted, stands in ((50, 50), (7, 50), (51, 51)):
        with transaction(location) as connection:
            move_offset(connection, imsi, wanted)
            assert connection.scalar(select(Subscriber.time_offset)) == stands
