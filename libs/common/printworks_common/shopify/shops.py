"""The shops file: which shops Printworks serves and with which credentials.

A mounted Secret in production. YAML or JSON, a list of
`{domain, client_id, client_secret, previous_client_secret?, access_token?, admin_api_url?, plan?}`; or a directory of
such files, each with a list or with one shop. It is read again when it changes, without a restart.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, TypeAdapter, ValidationError

from printworks_common.errors import PrintworksError
from printworks_common.events.base import ShopDomain
from printworks_common.logs import get_logger

log = get_logger(__name__)


class Shop(BaseModel):
    """One Shopify store and how we reach it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: ShopDomain
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    previous_client_secret: SecretStr | None = None
    """After a rotation Shopify may sign with the old secret for up to an hour."""
    access_token: SecretStr | None = None
    """Static token of an older custom app. Without it the client credentials grant is used."""
    admin_api_url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    """Stands for the shop's own https address, before `/admin/api/…`."""
    plan: str = "standard"

    @property
    def base_url(self) -> str:
        return (self.admin_api_url or f"https://{self.domain}").rstrip("/")

    @property
    def webhook_secrets(self) -> list[bytes]:
        """Secrets that a webhook may be signed with, the present one first."""
        secrets = [self.client_secret, self.previous_client_secret]
        return [one.get_secret_value().encode() for one in secrets if one is not None]


class Shops(Protocol):
    """Some shops: all that are known (`ShopRegistry`), or those that have the app installed (`LiveShops`)."""

    def get(self, domain: str) -> Shop | None: ...

    def __iter__(self) -> Iterator[Shop]: ...


class ShopsFileError(PrintworksError):
    """The shops file cannot be used. The message names the place, never a value."""


_SHOPS = TypeAdapter(list[Shop])

SUFFIXES = frozenset({".yaml", ".yml", ".json"})

LOOK_SECONDS = 1.0
"""So often, at most, the place is looked at: a shop is asked for with every webhook."""

Stamp = tuple[tuple[str, int, int, int], ...]


def load_shops(path: Path) -> dict[str, Shop]:
    """Read the shops of a file, or of all files of a directory. Raises `ShopsFileError` that says what is wrong."""
    try:
        places = _files(path)
    except OSError as error:
        raise ShopsFileError(f"The shops file {path} cannot be read: {error.strerror}.", code="shops_file") from error
    shops: dict[str, Shop] = {}
    for place in places:
        for shop in _read(place):
            if shop.domain in shops:
                raise ShopsFileError(f"The shops file {place} names {shop.domain} once too often.", code="shops_file")
            shops[shop.domain] = shop
    return shops


def _files(path: Path) -> list[Path]:
    """The file itself, or those of a directory. Names that begin with a dot are the mount's own."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and not one.name.startswith("."))


def _read(path: Path) -> list[Shop]:
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ShopsFileError(f"The shops file {path} cannot be read: {error.strerror}.", code="shops_file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ShopsFileError(f"The shops file {path} is neither YAML nor JSON.", code="shops_file") from error
    try:
        return _SHOPS.validate_python([document] if isinstance(document, dict) else document)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        lines = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found[:5])
        raise ShopsFileError(f"The shops file {path} has errors: {lines}.", code="shops_file") from error


class ShopRegistry:
    """The shops as they stand in the file or directory now, seen within a second. What becomes unreadable keeps the
    last good state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._read_stamp()
        self._shops = load_shops(path)
        self._looked = time.monotonic()

    def get(self, domain: str) -> Shop | None:
        return self._current().get(domain)

    def __iter__(self) -> Iterator[Shop]:
        return iter(list(self._current().values()))

    def _current(self) -> dict[str, Shop]:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return self._shops
        self._looked = now
        stamp = self._read_stamp()
        if stamp is not None and stamp != self._stamp:
            self._stamp = stamp
            try:
                self._shops = load_shops(self._path)
            except ShopsFileError as error:
                log.error("shops_file_not_reloaded", code=error.code)
        return self._shops

    def _read_stamp(self) -> Stamp | None:
        """What tells one state of the place from another; None while it cannot be looked at."""
        try:
            found = [(str(one), one.stat()) for one in _files(self._path)]
        except OSError:
            return None
        return tuple((name, status.st_mtime_ns, status.st_size, status.st_ino) for name, status in found)
