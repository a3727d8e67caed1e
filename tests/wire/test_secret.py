"""No way of printing shows a Secret, and every algorithm may use it as the bytes it is."""

import copy
import hashlib
import hmac
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from wire.secret import Secret

OCTETS = b"0123456789abcdef"
KEY = Secret(OCTETS)
HIDDEN = "<secret of 16 octets>"


@dataclass(frozen=True, slots=True)
class Holder:
    """A state that holds a key."""

    key: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        format,
        "{}".format,
        "{!r}".format,
        "{!s}".format,
        lambda secret: f"{secret}",
        lambda secret: "%s" % secret,  # noqa: UP031 - this way of printing too
        lambda secret: "%r" % (secret,),  # noqa: UP031
        lambda secret: repr([secret]),
        lambda secret: repr({"k": secret}),
        lambda secret: repr(Holder(secret)),
        lambda secret: json.dumps({"k": secret}, default=repr),
    ],
)
def test_secret_never_prints_itself(show: Callable[[Secret], str]) -> None:
    shown = show(KEY)
    assert HIDDEN in shown
    assert OCTETS.decode() not in shown
    assert OCTETS.hex() not in shown


def test_secret_keeps_its_width_and_still_hides() -> None:
    assert f"{KEY:>30}" == HIDDEN.rjust(30)


def test_secret_stays_hidden_in_a_log_and_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("a key: %s, %r", KEY, Holder(KEY))
    try:
        raise KeyError(KEY)
    except KeyError as error:
        said = "".join(traceback.format_exception(error))
    assert HIDDEN in caplog.text
    assert HIDDEN in said
    assert OCTETS.decode() not in caplog.text + said


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy])
def test_secret_does_not_leave_by_pickling(leave: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError, match="a secret is not pickled"):
        leave(KEY)


def test_secret_is_no_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"k": KEY})


def test_secret_is_bytes_for_every_algorithm() -> None:
    assert hmac.digest(KEY, b"data", "sha256") == hmac.digest(OCTETS, b"data", "sha256")
    assert hashlib.sha256(KEY).digest() == hashlib.sha256(OCTETS).digest()
    assert KEY == OCTETS
    assert hash(KEY) == hash(OCTETS)
    assert hmac.compare_digest(KEY, OCTETS)


def test_secret_is_made_from_hexadecimal_as_a_secret() -> None:
    made = Secret.fromhex(OCTETS.hex())
    assert type(made) is Secret
    assert made.hex() == OCTETS.hex()
