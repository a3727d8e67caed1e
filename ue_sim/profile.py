"""UE profiles: what a kind of UE offers, shows and waits for, as TOML files: Akadia's and a tester's own."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from runtime.config import ConfigError, Section
from ue_sim.config import UeConfig
from wire.ikev2.proposal_text import checked, parse_esp, parse_ike

SUFFIX = ".toml"

_FOLDER = files("ue_sim") / "profiles"


class Profile(Section):
    """One kind of UE. A key that it does not name is as [ue] says; one that it names holds whatever [ue] says."""

    description: str = Field(min_length=1, description="what it is, in one line")
    source: str = Field(default="", description="where its parameters were seen")
    without: str = Field(default="", description="what its model offers and this UE cannot")
    ike_proposals: Annotated[tuple[str, ...], AfterValidator(checked(parse_ike))] | None = None
    esp_proposals: Annotated[tuple[str, ...], AfterValidator(checked(parse_esp))] | None = None
    methods: tuple[Literal["aka", "aka-prime"], ...] | None = Field(
        default=None, min_length=1, description="the EAP methods that it runs, the preferred one first"
    )
    temporary_identities: bool | None = Field(
        default=None, description="whether it shows the identities that the network gave it, or its IMSI each time"
    )
    identity_lead: Literal["0", "6"] | None = None
    visited_realm: str | None = None
    privacy_key: Path | None = None
    id_type: Literal["rfc822", "fqdn", "key-id"] | None = None
    esn: bool | None = None
    eap_only: bool | None = None
    mobike: bool | None = None
    ipv4: bool | None = None
    lifetime: int | None = Field(default=None, ge=4, le=262140)
    give_up_after: float | None = Field(default=None, gt=0)
    ike_lifetime: float | None = Field(default=None, ge=0)
    child_lifetime: float | None = Field(default=None, ge=0)
    child_octets: int | None = Field(default=None, ge=0)
    liveness_interval: float | None = Field(default=None, gt=0)
    keepalive_interval: float | None = Field(default=None, ge=0)
    reauthentication: Literal["make-before-break", "break-before-make"] | None = None
    ike_port: int | None = Field(default=None, ge=0, le=65535)
    own_port: int | None = Field(default=None, ge=0, le=65535)
    fragment_size: int | None = Field(default=None, ge=0, le=65535)

    def applied_to(self, ue: UeConfig) -> UeConfig:
        """`ue`, but as this profile says."""
        told = self.model_dump(exclude_none=True, exclude={"description", "source", "without"})
        return ue.model_copy(update=told)


def profiled(ue: UeConfig, folder: Path) -> UeConfig:
    """`ue` by the profile that it names, a file of one's own being in `folder`; ConfigError when there is none."""
    if not ue.profile:
        return ue
    found = read(ue.profile, folder)
    if found.privacy_key is not None:
        found = found.model_copy(update={"privacy_key": folder / found.privacy_key})
    return found.applied_to(ue)


def names() -> tuple[str, ...]:
    """The profiles that come with Akadia."""
    return tuple(sorted(file.name.removesuffix(SUFFIX) for file in _FOLDER.iterdir() if file.name.endswith(SUFFIX)))


def text_of(name: str, folder: Path = Path()) -> str:
    """The TOML of profile `name`, of a file in `folder` when `name` ends in .toml; ConfigError when there is none."""
    if name.endswith(SUFFIX):
        path = folder / name
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{path}: cannot be read: {getattr(error, 'strerror', error)}; name another file"
            ) from None
    if name not in names():
        raise ConfigError(f"there is no UE profile {name!r}; there are {', '.join(names())}, or name a file of TOML")
    return (_FOLDER / f"{name}{SUFFIX}").read_text(encoding="utf-8")


def read(name: str, folder: Path = Path()) -> Profile:
    """The profile of that name; ConfigError says in one line what is wrong with it."""
    text = text_of(name, folder)
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"UE profile {name}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"UE profile {name}: {where}: {first['msg']}") from None
