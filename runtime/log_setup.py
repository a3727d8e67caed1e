"""The log of a daemon as [log] says it, and whoever is watched while it runs."""

import asyncio
import time

from runtime.config import ConfigError, LogConfig, RawConfig
from runtime.log_imsi import ImsiText
from runtime.log_watch import FILE_NAME, Watch
from runtime.logs import configure, get_logger, watch
from runtime.secret_file import read_secret
from runtime.worker import this_worker

log = get_logger("runtime.log")

LOOK_EVERY = 1.0
"""Seconds between two looks at whom to watch."""

_watches: list[Watch] = []


def set_up(raw: RawConfig) -> None:
    """Write lines from now on; ConfigError when the key of IMSIs is unusable. Called once, before the loop runs."""
    config = raw.section("log", LogConfig)
    worker = this_worker()
    configure(config.level, config.format, imsi=imsi_text(config), worker="" if worker is None else str(worker.slot))
    _watches[:] = [Watch(raw.path.parent / FILE_NAME, _watched, time.time)]


def imsi_text(config: LogConfig) -> ImsiText:
    """How IMSIs are written; ConfigError when the key is unusable."""
    if config.imsi != "hmac":
        return ImsiText(config.imsi)
    if config.imsi_key is None:
        raise ConfigError('log.imsi_key: is missing; write the file of a key, such as one of "openssl rand -hex 32"')
    return ImsiText("hmac", read_secret(config.imsi_key))


async def keep_looking() -> None:
    """Watch whom the file says, until cancelled; at once where `set_up` was not called."""
    while _watches:
        for one in _watches:
            try:
                one.look()
            except (ConfigError, OSError) as error:
                log.error("nobody is watched", cause=str(error))
        await asyncio.sleep(LOOK_EVERY)


def _watched(imsis: frozenset[str]) -> None:
    watch(imsis)
    log.info("debug of subscribers", watched=len(imsis))
