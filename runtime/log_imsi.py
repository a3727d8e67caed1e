"""An IMSI as the log writes it: whole, shortened, or as its HMAC under a key of the operator's."""

import hmac
import re
from dataclasses import dataclass
from typing import Literal

from wire.secret import Secret

ImsiForm = Literal["full", "short", "hmac"]

HMAC_DIGITS = 16
"""Hexadecimal digits of HMAC-SHA-256 (RFC 2104): few enough to read, enough to tell subscribers apart."""

SHORTEST = 14
"""Digits of the shortest number that is taken for an IMSI wherever it stands."""

_SHOWN = 8
"""Digits that a short form shows: five in front, three behind."""
_NUMBER = re.compile(rf"(?<!\d)\d{{{SHORTEST},16}}(?!\d)")


@dataclass(frozen=True, slots=True)
class ImsiText:
    """`form` of every IMSI; `key` is needed for "hmac" alone."""

    form: ImsiForm = "short"
    key: Secret | None = None

    def of(self, imsi: str) -> str:
        """An IMSI as the log writes it."""
        if self.form == "full" or not imsi:
            return imsi
        if self.form == "hmac" and self.key is not None:
            return f"hmac:{hmac.digest(self.key, imsi.encode(), 'sha256').hex()[:HMAC_DIGITS]}"
        return imsi[:5] + "*" * max(len(imsi) - _SHOWN, 1) + imsi[-3:]

    def within(self, text: str) -> str:
        """`text`, its IMSIs as the log writes them: whatever is a number of 14 or 15 digits.

        Of 16 digits the first is what says the kind of a permanent identity (TS 23.003 §19.3.2).
        """
        return text if self.form == "full" else _NUMBER.sub(self._hidden, text)

    def _hidden(self, found: re.Match[str]) -> str:
        digits = found[0]
        return digits[0] + self.of(digits[1:]) if len(digits) == 16 else self.of(digits)
