"""A request begins, and is over once: with an answer, with silence, or without anything."""

from aaa.radius.bookkeeping import Bookkeeping
from aaa.radius.decisions import Repeat
from aaa.radius.duplicates import DuplicateCache, RequestKey
from tests.aaa.radius.samples import SOURCE, asked, table
from wire.radius.codec import parse_packet

KEY = RequestKey.of(parse_packet(asked()), SOURCE)


def books() -> Bookkeeping:
    return Bookkeeping(table(), duplicates=DuplicateCache(), max_in_progress=4, routes=None)


def test_request_is_in_progress_until_it_is_settled_and_then_repeated() -> None:
    one = books()
    assert one._seen(KEY, 0.0) is None
    one._begin(KEY, 0.0)
    assert (one.in_progress, one._seen(KEY, 1.0)) == (1, Repeat(None))
    assert one._settled(KEY, b"answer")
    assert (one.in_progress, one._seen(KEY, 2.0)) == (0, Repeat(b"answer"))


def test_request_that_is_abandoned_is_new_when_it_comes_again() -> None:
    one = books()
    one._begin(KEY, 0.0)
    one._abandoned(KEY)
    assert (one.in_progress, one._seen(KEY, 1.0)) == (0, None)


def test_answer_to_a_request_that_the_client_gave_up_is_nobodys() -> None:
    one = books()
    one._begin(KEY, 0.0)
    one._begin(KEY._replace(authenticator=bytes(16)), 1.0)
    assert not one._settled(KEY, b"too late")
    assert one.in_progress == 1
