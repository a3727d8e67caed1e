"""The file of the rows that became no subscriber: line number, IMSI and cause, for its owner alone.

The rows themselves hold keys, in the clear or under the vendor's transport key; they are written only where that was
asked for.
"""

import csv
import fcntl
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.importing.batches import Refused

HEADER = ("line", "imsi", "cause", "what")


class QuarantineRefused(ProvisioningRefused):
    """The file cannot be written; one line that says what to do."""


class Quarantine:
    """Grows with the batch. After an interruption it is cut back to what the batch had done by then."""

    def __init__(self, path: Path, *, with_rows: bool = False) -> None:
        self.path = path
        self._with_rows = with_rows
        self._file: BinaryIO | None = None

    def begin(self) -> None:
        """A new file comes with the first bad row; QuarantineRefused when something is there now."""
        if self.path.exists():
            raise QuarantineRefused(f"{self.path}: is there already; move it away, or name another with --quarantine")

    def resume(self, line: int) -> None:
        """Forget what was written for lines behind `line`: they are read again. QuarantineRefused for other files."""
        self.close()
        if not self.path.exists():
            return
        self._file = self._open(os.O_RDWR)
        if not self._file.readline().startswith(",".join(HEADER).encode()):
            raise QuarantineRefused(f"{self.path}: is no quarantine file; name another with --quarantine")
        self._file.seek(0)
        keep = 0
        for written in self._file:
            number = written.split(b",", 1)[0]
            if (number.isdigit() and int(number) > line) or not written.endswith(b"\n"):
                break
            keep += len(written)
        self._file.truncate(keep)
        self._file.seek(keep)

    def write(self, refused: Sequence[Refused], lines: Mapping[int, bytes]) -> None:
        """Add rows, of which `lines` are the originals by number; on disk when this returns."""
        if not refused:
            return
        file = self._file or self._new()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for each in refused:
            fields = [each.line, each.imsi or "", each.cause.value, each.message]
            original = [_printable(lines[each.line])] if self._with_rows else []
            writer.writerow(fields + original)
        file.write(text.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())

    def close(self) -> None:
        """Be done with it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _new(self) -> BinaryIO:
        self._file = self._open(os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self._file.write((",".join(HEADER + (("row",) if self._with_rows else ())) + "\n").encode())
        return self._file

    def _open(self, flags: int) -> BinaryIO:
        try:
            file = os.fdopen(os.open(self.path, flags, 0o600), "r+b")
        except OSError as error:
            raise QuarantineRefused(f"{self.path}: {error.strerror}; name another with --quarantine") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise QuarantineRefused(f"{self.path}: another import writes to it; let that one finish") from None
        except OSError:
            # a file system without locks
            pass
        return file


def _printable(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace").rstrip("\r\n").replace("\r", "\\r")
