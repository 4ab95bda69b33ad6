"""The shops file: which shops Printworks serves and with which credentials.

A mounted Secret in production. YAML or JSON, a list of
`{domain, client_id, client_secret, previous_client_secret?, access_token?, admin_api_url?, plan?}`.
It is read again when it changes, without a restart.
"""

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


def load_shops(path: Path) -> dict[str, Shop]:
    """Read the shops file. Raises `ShopsFileError` that says what is wrong with it."""
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ShopsFileError(f"The shops file {path} cannot be read: {error.strerror}.", code="shops_file") from error
    except yaml.YAMLError as error:
        raise ShopsFileError(f"The shops file {path} is neither YAML nor JSON.", code="shops_file") from error
    try:
        shops = _SHOPS.validate_python(document)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        lines = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found[:5])
        raise ShopsFileError(f"The shops file {path} has errors: {lines}.", code="shops_file") from error
    return {shop.domain: shop for shop in shops}


class ShopRegistry:
    """The shops as they stand in the file now. A file that becomes unreadable keeps the last good state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._read_stamp()
        self._shops = load_shops(path)

    def get(self, domain: str) -> Shop | None:
        return self._current().get(domain)

    def __iter__(self) -> Iterator[Shop]:
        return iter(list(self._current().values()))

    def _current(self) -> dict[str, Shop]:
        stamp = self._read_stamp()
        if stamp is not None and stamp != self._stamp:
            self._stamp = stamp
            try:
                self._shops = load_shops(self._path)
            except ShopsFileError as error:
                log.error("shops_file_not_reloaded", code=error.code)
        return self._shops

    def _read_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
