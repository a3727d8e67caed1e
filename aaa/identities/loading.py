"""The sealed identities that [aaa.identities] describes."""

from collections.abc import Callable

from aaa.identities.config import IdentitiesConfig, read_privacy_key
from aaa.identities.epochs import Keyring
from aaa.identities.keyring_file import KeyringFile
from aaa.identities.sealed import SealedIdentities
from wire.sansio import RandomBytes


def load_identities(config: IdentitiesConfig, *, clock: Callable[[], float], random: RandomBytes) -> SealedIdentities:
    """Ready to seal and open; `clock` is Unix time. ConfigError when a file is missing or unusable."""
    return SealedIdentities(
        keyring=Keyring if config.keys is None else KeyringFile(config.keys),
        clock=clock,
        random=random,
        limits=config.limits,
        privacy_keys=[read_privacy_key(path) for path in config.privacy_keys],
    )
