"""`akadia explain`: why an authentication failed, and what was said in it."""

import json as json_format
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from hss.failure_api import FailureRecord

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def add_explain(app: App, config_file: Callable[[], Path]) -> None:
    """Hang the command under `app`."""

    @app.command
    def explain(session: str, /, *, limit: int = 1, json: Flag = False) -> None:
        """Say why an authentication failed: the verdict, how it was reached, and the dialogue.

        The log line of a failure ends in explain=…, which names it here. An IMSI means its newest failure.

            akadia --config lab/akadia.toml explain 001010000000001
            akadia --config lab/akadia.toml explain 5f0a2ee2 --json

        Parameters
        ----------
        session
            An IMSI, a Session-Id, an Acct-Session-Id, a client, or what stands behind explain= in the log.
        limit
            How many failures to show, the newest first.
        json
            Print them as JSON.
        """
        import asyncio

        from aaa.commands import find_failures
        from runtime.config import read_config
        from runtime.logs import one_line

        found = asyncio.run(find_failures(read_config(config_file()), session, limit))
        if json:
            print(json_format.dumps([_plain(one) for one in found]))
        else:
            # what clients and other realms' servers say is in it, and obeyed by no terminal
            print("\n\n".join("\n".join(map(one_line, _told(one))) for one in found))


def _plain(record: "FailureRecord") -> dict[str, object]:
    verdict = record.verdict
    return asdict(record) | {
        "at": record.at.isoformat(),
        "imsi": None if record.imsi is None else str(record.imsi),
        "verdict": verdict
        and {"hypothesis": verdict.hypothesis.value, "certainty": verdict.certainty.value, "cause": verdict.cause},
        "dialogue": [asdict(line) | {"attributes": dict(line.attributes)} for line in record.dialogue],
    }


def _told(record: "FailureRecord") -> Iterator[str]:
    who = record.imsi or "a user not known"
    session = f", session {record.session}" if record.session else ""
    yield f"{record.reference}  {record.at:%Y-%m-%dT%H:%M:%SZ}  {who} at {record.client}{session}"
    detail = f": {record.detail}" if record.detail else ""
    when = f"{record.method or 'before a method'} after {record.ms} ms: " if record.access else ""
    yield f"  failed    {when}{record.cause}{detail}"
    if record.verdict is not None:
        yield f"  verdict   {record.verdict.hypothesis.value} ({record.verdict.certainty.value})"
        yield f"  why       {record.verdict.cause}"
    if record.access:
        yield f"  access    {record.access}, APN {record.apn or 'not named'}"
    width = max((len(line.message) for line in record.dialogue), default=0)
    for number, line in enumerate(record.dialogue):
        carried = " ".join(f"{name}({octets})" for name, octets in line.attributes)
        head = "dialogue" if number == 0 else ""
        yield f"  {head:<8}  {line.direction:<11} {line.message:<{width}} {line.octets:>5} octets  {carried}".rstrip()
