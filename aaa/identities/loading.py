"""The sealed identities that [aaa.identities] describes."""

from collections.abc import Callable

from aaa.identities.config import IdentitiesConfig, read_privacy_key
from aaa.identities.epochs import Keyring
from aaa.identities.keyring_file import KeyringFile
from aaa.identities.sealed import SealedIdentities
from wire.sansio import RandomBytes


def load_keyring(config: IdentitiesConfig | None) -> Callable[[], Keyring] | None:
    """The keyring as it is now; None where none is configured. ConfigError when its file is missing or unusable."""
    return None if config is None or config.keys is None else KeyringFile(config.keys)


def load_identities(
    config: IdentitiesConfig,
    *,
    clock: Callable[[], float],
    random: RandomBytes,
    keyring: Callable[[], Keyring] | None = None,
) -> SealedIdentities:
    """Ready to seal and open under `keyring`, by default the one that `config` names; `clock` is Unix time.

    ConfigError when a file is missing or unusable.
    """
    return SealedIdentities(
        keyring=keyring or load_keyring(config) or Keyring,
        clock=clock,
        random=random,
        limits=config.limits,
        privacy_keys=[read_privacy_key(path) for path in config.privacy_keys],
    )
