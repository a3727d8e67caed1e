"""`akadia export`, `akadia backup` and `akadia restore`."""

import json as json_format
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from cyclopts import App
from sqlalchemy import Connection

from hss.audit import AuditTrail
from hss.keys.custody import Custodian
from hss.keys.master_key import open_master
from hss.provisioning import exporting
from hss.provisioning.backups.container import BackupRefused, BackupWriter, read_backup
from hss.provisioning.backups.making import make, rows_in
from hss.provisioning.backups.restoring import restore
from hss.provisioning.backups.rows import lines
from hss.provisioning.backups.wrapping import MasterWrapper
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.cli_progress import progress
from hss.provisioning.cli_session import ConfigFile, Json, actor, errors, hss_config, now
from hss.store.engines import transaction


class FileRefused(ProvisioningRefused):
    """The file cannot be written or read; one line that says what to do."""


def backup_apps(config: ConfigFile) -> list[App]:
    """The three commands."""
    return [_export_app(config), _backup_app(config), _restore_app(config)]


def _export_app(config: ConfigFile) -> App:
    app = App(name="export", help="Write every subscriber to a file, without any key.")

    @app.default
    def export(file: Path | None = None, *, format: Literal["csv", "jsonl"] = "jsonl") -> None:  # noqa: A002
        """Write every subscriber with its APNs and check values, as of one moment, to FILE or standard output.

        K and OPc stay where they are. FILE is for its owner alone and must not be there yet.
        """
        with errors():
            database = hss_config(config()).database
            with transaction(database, read_only=True) as connection, _output(file) as output:
                _export(connection, output, format)

    return app


def _export(connection: Connection, output: BinaryIO, form: str) -> None:
    write = exporting.csv_writer() if form == "csv" else exporting.as_json_lines
    if form == "csv":
        output.write(write([]).encode())
    done = 0
    with progress("export", exporting.count(connection)) as tell:
        for portion in exporting.exported(connection):
            output.write(write(portion).encode())
            done += len(portion)
            tell(done, done)


def _backup_app(config: ConfigFile) -> App:
    app = App(name="backup", help="Write the whole store to a file, sealed.")

    @app.default
    def backup(file: Path, *, json: Json = False) -> None:
        """Write the store as of one moment to FILE, sealed under the master key, which is needed to restore it.

        FILE is for its owner alone and must not be there yet; it is whole only when this command has ended well.
        """
        with errors():
            hss = hss_config(config())
            wrapper = MasterWrapper(open_master(hss.master_key, os.urandom))
            with transaction(hss.database, read_only=True) as connection, _output(file) as output:
                total = rows_in(connection)
                with progress("backup", total) as tell:
                    writer = BackupWriter(output, wrapper, os.urandom)
                    counts = make(connection, writer, tell=lambda done: tell(done, done))
        _print_counts("backed up", counts, file, as_json=json)

    return app


def _restore_app(config: ConfigFile) -> App:
    app = App(name="restore", help="Fill an empty store from a backup.")

    @app.default
    def restore_(file: Path, *, json: Json = False) -> None:
        """Fill the store, which must be empty and of this program's schema, from FILE.

        Proves that every subscriber's keys open, and moves every SEQ ahead by 2^24: vectors may have been issued after
        the backup was taken, and no SQN may be used twice. Delta is 2^28, so every USIM goes on without
        resynchronisation. When anything is wrong, nothing is restored.
        """
        with errors():
            hss = hss_config(config())
            master = open_master(hss.master_key, os.urandom)
            custodian = Custodian(master)
            trail = AuditTrail(custodian.keyring, now)
            with _input(file) as source, transaction(hss.database) as connection:
                size = file.stat().st_size
                with progress("restore", size) as tell:
                    restored = restore(
                        connection,
                        lines(read_backup(source, MasterWrapper(master))),
                        custodian=custodian,
                        verify_audit=_verifier(trail),
                        tell=lambda done: tell(source.tell(), done),
                    )
                trail.record(connection, actor(), "store.restore", after={"file": file.name, "rows": restored.rows})
        _print_counts("restored", restored.rows, file, as_json=json)
        if restored.exhausted:
            print(f"{restored.exhausted} subscribers have used every SEQ and need a new K", file=sys.stderr)

    return app


def _verifier(trail: AuditTrail) -> Callable[[Connection], None]:
    def verify(connection: Connection) -> None:
        fault = next(trail.verify(connection), None)
        if fault is not None:
            raise BackupRefused(f"the audit trail in the backup is not whole: {fault}")

    return verify


@contextmanager
def _output(path: Path | None) -> Iterator[BinaryIO]:
    """A new file for its owner alone, gone again when the block fails; standard output without a path."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror}; name a file that is not there yet") from None
    whole = False
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        whole = True
    finally:
        if not whole:
            path.unlink(missing_ok=True)


def _input(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileRefused(f"{path}: cannot be read: {error.strerror}; name a backup") from None


def _print_counts(what: str, counts: Mapping[str, int], file: Path, *, as_json: bool) -> None:
    if as_json:
        print(json_format.dumps({"file": str(file), "rows": dict(counts)}))
        return
    print(f"{what}: {counts['subscriber']} subscribers, {sum(counts.values())} rows in all, {file}")
