"""`akadia import …`: a vendor's file into the store, what was imported, and how to undo it."""

import json as json_format
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hss.algorithms import read_settings
from hss.audit import AuditTrail
from hss.config import HssConfig
from hss.keys.custody import Custodian
from hss.keys.master_key import open_master
from hss.provisioning.cli_progress import progress
from hss.provisioning.cli_session import BatchNumber, ConfigFile, Json, Most, actor, errors, hss_config, looking, now
from hss.provisioning.importing import batches
from hss.provisioning.importing.batches import ImportRefused, described
from hss.provisioning.importing.looking import Forecast, look
from hss.provisioning.importing.mapping import MappingRefused, built_in, load
from hss.provisioning.importing.preparing import Plan, prepare
from hss.provisioning.importing.quarantine import Quarantine
from hss.provisioning.importing.running import Importer, Outcome, audited, begin, opened
from hss.provisioning.importing.source import Source
from hss.provisioning.importing.undoing import Rollback
from hss.store.engines import transaction
from hss.store.errors import StoreError
from runtime.config import NetworkConfig, RawConfig, read_config

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def import_app(config: ConfigFile) -> App:
    """The commands under `akadia import`."""
    app = App(name="import", help="Bring in a SIM vendor's file; list and undo imports.")
    _register_run(app, config)
    _register_others(app, config)
    return app


def _register_run(app: App, config: ConfigFile) -> None:
    @app.default
    def run(
        file: Path,
        *,
        mapping: Annotated[str, Parameter(help="pysim or another built-in name, or a TOML file's path")],
        dry_run: Flag = False,
        quarantine: Annotated[Path | None, Parameter(help="where bad rows go; FILE.NUMBER.quarantine")] = None,
        quarantine_rows: Annotated[
            bool, Parameter(negative="", help="with the rows themselves: they hold keys", show_default=False)
        ] = False,
        json: Json = False,
    ) -> None:
        """Import a file. After an interruption the same command goes on where it was.

        Bad rows go to the quarantine file with line number, IMSI and cause, and the rest goes on.
        """
        with errors(), closing(Source.open(file)) as source:
            hss = hss_config(config())
            plan = _plan(read_config(config()), hss, source, mapping)
            if dry_run:
                with _asked_for(quarantine, with_rows=quarantine_rows) as kept:
                    forecast = _look(hss, plan, kept)
                _print_forecast(forecast, plan, as_json=json)
            else:
                outcome, where = _run(hss, plan, quarantine, with_rows=quarantine_rows)
                _print_outcome(outcome, where, as_json=json)


def _register_others(app: App, config: ConfigFile) -> None:
    @app.command(name="list")
    def list_(*, limit: Most = 50, json: Json = False) -> None:
        """List imports, the newest first."""
        with looking(config()) as connection:
            found = [described(batch) for batch in batches.listed(connection, limit)]
        if json:
            print(json_format.dumps(found))
            return
        for each in found:
            counts = f"{each['added']} added, {each['refused']} refused"
            print(f"{each['import']:>6} {each['state']:<11} {each['started'][:19]}Z  {counts:<32} {each['file']}")

    @app.command
    def mappings(name: str = "", *, json: Json = False) -> None:
        """List the mappings that come with Akadia, or print one to start your own from."""
        with errors():
            known = built_in()
            if name and name not in known:
                raise MappingRefused(f"there is no mapping {name}; there are {', '.join(known)}")
            descriptions = {each: load(each).config.description for each in known}
        if name:
            print(known[name], end="")
        elif json:
            print(json_format.dumps(descriptions))
        else:
            for each, description in descriptions.items():
                print(f"{each:<16} {description}")

    @app.command
    def rollback(batch: BatchNumber, *, keep_changed: Flag = False, json: Json = False) -> None:
        """Remove what an import brought, and end its subscribers' registrations.

        Subscribers that were changed since stop it, unless --keep-changed leaves them.
        """
        with errors():
            _roll_back(config(), batch, keep_changed=keep_changed, as_json=json)


def _plan(raw: RawConfig, hss: HssConfig, source: Source, mapping: str) -> Plan:
    with transaction(hss.database, read_only=True) as connection:
        settings = read_settings(connection)
    default_apn = raw.section("network", NetworkConfig).apn
    return prepare(source, load(mapping), settings, os.environ, default_apn=default_apn)


@contextmanager
def _asked_for(path: Path | None, *, with_rows: bool) -> Iterator[Quarantine | None]:
    if path is None:
        yield None
        return
    with closing(Quarantine(path, with_rows=with_rows)) as kept:
        kept.begin()
        yield kept


def _look(hss: HssConfig, plan: Plan, quarantine: Quarantine | None) -> Forecast:
    with progress("would import", plan.source.size, done=plan.position) as tell:
        return look(
            hss.database,
            plan,
            quarantine=quarantine,
            tell=lambda position, found: tell(position, found.added + found.causes.total()),
        )


def _run(hss: HssConfig, plan: Plan, quarantine: Path | None, *, with_rows: bool) -> tuple[Outcome, Path]:
    custodian = Custodian(open_master(hss.master_key, os.urandom))
    who = actor()
    record = audited(AuditTrail(custodian.keyring, now), who)
    with _going_on(), opened(hss.database) as writer:
        batch, goes_on = begin(writer, plan, actor=f"{who.name} ({who.origin})", record=record)
        path = quarantine or plan.source.path.with_name(f"{plan.source.name}.{batch.id}.quarantine")
        with closing(Quarantine(path, with_rows=with_rows)) as kept:
            # a named file may be somebody else's as long as this batch has done nothing
            if goes_on and (quarantine is None or batch.line > plan.line):
                kept.resume(batch.line)
            else:
                kept.begin()
            done = batch.added + batch.refused
            with progress(f"import {batch.id}", plan.source.size, done=batch.position, rows=done) as tell:
                importer = Importer(writer, custodian, plan, kept)
                outcome = importer.run(
                    batch, record=record, tell=lambda now: tell(now.position, now.added + now.refused)
                )
    return outcome, path


def _roll_back(config: Path, number: int, *, keep_changed: bool, as_json: bool) -> None:
    hss = hss_config(config)
    custodian = Custodian(open_master(hss.master_key, os.urandom))
    record = audited(AuditTrail(custodian.keyring, now), actor())
    with _going_on(), opened(hss.database) as writer:
        undo = Rollback(writer, number, keep_changed=keep_changed)
        batch, count = undo.begin(record)
        removed = 0
        with progress(f"rollback of import {number}", count) as tell:
            while step := undo.step(batch):
                removed += step
                tell(removed, removed)
        undone = undo.finish(batch, removed, record)
    fields = described(undone.batch) | {"removed": undone.removed, "kept": undone.kept}
    text = f"import {number} is undone: {undone.removed} subscribers removed, {undone.kept} kept"
    print(json_format.dumps(fields) if as_json else text)


@contextmanager
def _going_on() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise ImportRefused(f"{error}; run the same command again: it goes on where it was") from None


def _print_outcome(outcome: Outcome, quarantine: Path, *, as_json: bool) -> None:
    batch = outcome.batch
    where = str(quarantine) if quarantine.exists() else None
    if as_json:
        print(json_format.dumps(described(batch) | {"causes": dict(outcome.causes), "quarantine": where}))
        return
    print(f"import {batch.id}: {batch.added} added, {batch.refused} refused{f', see {where}' if where else ''}")
    _print_causes(outcome.causes)
    print(f"undo it with: akadia import rollback {batch.id}")


def _print_forecast(forecast: Forecast, plan: Plan, *, as_json: bool) -> None:
    added: list[dict[str, Any]] = [
        {"line": row.line, "imsi": row.imsi, "msisdn": row.msisdn, "profile": row.settings.name}
        | {"amf": f"{row.amf:04x}", "apns": [apn.name for apn in row.apns]}
        for row in forecast.first_added
    ]
    refused = [
        {"line": each.line, "imsi": each.imsi, "cause": each.cause.value, "what": each.message}
        for each in forecast.first_refused
    ]
    if as_json:
        whole = {"file": plan.source.name, "mapping": plan.mapping.identity, "would_add": forecast.added}
        causes = {"would_refuse": forecast.causes.total(), "causes": dict(forecast.causes)}
        print(json_format.dumps(whole | causes | {"first_added": added, "first_refused": refused}))
        return
    print(f"would add {forecast.added} subscribers and refuse {forecast.causes.total()} rows; nothing was written")
    for row in added:
        print(f"  line {row['line']}: add {row['imsi']} msisdn {row['msisdn'] or '-'} apns {' '.join(row['apns'])}")
    _print_causes(forecast.causes)
    for each in refused:
        print(f"  line {each['line']}: {each['imsi'] or '-'}: {each['what']}")


def _print_causes(causes: Counter[str]) -> None:
    for cause, count in causes.most_common():
        print(f"  {count:>8} {cause}")
