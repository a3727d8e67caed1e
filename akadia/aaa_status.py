"""`akadia aaa status`: what the AAA server has done since it began, in one screen."""

import json as json_format
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from runtime.metrics.reading import Readings

Figures = Mapping[str, object]


def add_status(app: App, config_file: Callable[[], Path]) -> None:
    """Hang the command under `app`."""

    def status(*, json: Annotated[bool, Parameter(negative="", show_default=False)] = False) -> int:
        """Show what the AAA server has done since it began, over all its workers.

        It asks the address that [aaa.metrics] names.

            akadia --config lab/akadia.toml aaa status

        Parameters
        ----------
        json
            Print it as JSON.
        """
        from runtime.config import ConfigError, read_config
        from runtime.metrics.config import MetricsConfig
        from runtime.metrics.reading import read

        raw = read_config(config_file())
        config = raw.optional("aaa.metrics", MetricsConfig)
        if config is None:
            raise ConfigError(f"{raw.path}: there is no [aaa.metrics]; add it, and start the AAA server anew")
        found = figures(read(config.listen))
        print(json_format.dumps(found, indent=2) if json else "\n".join(_lines(found)))
        return 0

    app.command(status)


def figures(readings: "Readings") -> Figures:
    """What is shown, by name; times in milliseconds."""
    logins = readings.value("akadia_aaa_logins_total")
    shown = readings.value("akadia_aaa_logins_total", imsi="shown")
    clients = readings.by("akadia_aaa_rounds_total", "client")
    return {
        "processes": int(readings.value("akadia_processes")),
        "workers ended": int(readings.value("akadia_workers_ended_total")),
        "logins": _counts(readings.by("akadia_aaa_logins_total", "method")),
        "rejections": _counts(readings.by("akadia_aaa_rejections_total", "cause")),
        "logins that showed an IMSI, %": round(100 * shown / logins, 1) if logins else None,
        "resynchronisations": int(readings.value("akadia_aaa_resynchronisations_total")),
        "round, ms": _milliseconds(readings, "akadia_aaa_round_seconds"),
        "HSS, ms": _milliseconds(readings, "akadia_aaa_hss_seconds"),
        "requests by client": {client: _of_client(readings, client) for client in clients},
        "discarded": _counts(readings.by("akadia_aaa_radius_discarded_total", "cause")),
        "connections": _counts(readings.by("akadia_diameter_connections", "peer")),
        "waiting": int(readings.value("akadia_diameter_waiting")),
        "dropped": int(readings.value("akadia_diameter_dropped_total")),
    }


def _counts(counts: Mapping[str, float]) -> dict[str, int]:
    return {name: int(count) for name, count in counts.items()}


def _of_client(readings: "Readings", client: str) -> dict[str, int]:
    counts = {
        answer: int(readings.value("akadia_aaa_rounds_total", client=client, answer=answer))
        for answer in ("accept", "reject", "challenge")
    }
    unprotected = readings.value("akadia_aaa_radius_access_requests_total", client=client, message_authenticator="no")
    return counts | {"without Message-Authenticator": int(unprotected)}


def _milliseconds(readings: "Readings", name: str) -> dict[str, float]:
    found = {f"p{round(share * 100)}": readings.quantile(name, share) for share in (0.5, 0.99)}
    return {share: round(1000 * seconds, 1) for share, seconds in found.items() if seconds is not None}


def _lines(found: Figures) -> Iterator[str]:
    for name, value in found.items():
        if isinstance(value, Mapping) and any(isinstance(inner, Mapping) for inner in value.values()):
            for inner, counts in value.items():
                yield f"{name:<30} {inner}: {_listed(counts)}"
        else:
            yield f"{name:<30} {_listed(value) if isinstance(value, Mapping) else _said(value)}"


def _listed(counts: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"


def _said(value: object) -> str:
    return "none" if value is None else str(value)
