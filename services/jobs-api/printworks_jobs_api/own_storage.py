"""A merchant's own storage: where finished files are delivered instead of lying in the hosted bucket alone.

Credentials are sealed before they are stored or published, and never shown again. The endpoint is somebody else's text:
whenever it is used, the address that it leads to is judged as that of a customer's picture.
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from printworks_common.catalog import ONLY, OwnStorage, StoragePlace, storage_seal
from printworks_common.errors import PoisonError, PrintworksError
from printworks_common.events.control import CatalogKind
from printworks_common.failures import Reason, explain
from printworks_common.file_names import NameTemplate, NameTemplateError
from printworks_common.own_storage import connection_of
from printworks_common.postgres import Connection, Pool, ground_errors, load_queries
from printworks_common.sealing import Sealed, Sealer
from printworks_common.storage import MerchantBucket, MerchantConnection, ObjectMissingError, check_endpoint
from printworks_common.storage.merchant import TEST_OBJECT
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from printworks_jobs_api.catalog import Catalog, Entry, IfMatch, check_match
from printworks_jobs_api.keys import Principal
from printworks_jobs_api.naming import EXAMPLE, name_values
from printworks_jobs_api.problems import ProblemError

SQL = load_queries("printworks_jobs_api", "sql/storage.sql")

DEFAULT_TEMPLATE = "{order}/{sku}-{line}-{role}-{version}.{ext}"

TEST_SECONDS = 20.0
READ_SECONDS = 6.0

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class StorageForm(BaseModel):
    """What a merchant fills in. Without `secret_key` the stored one is kept."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Text = Field(description="URL without a path, `https://s3.eu-central-1.amazonaws.com`.")
    region: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,60}$")] = "us-east-1"
    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    addressing: Literal["path", "virtual"] = Field(
        default="path", description="Whether the bucket stands in the path or in the host name."
    )
    browsable: bool = Field(default=True, description="Browsers reach the endpoint. Else links are streamed from here.")
    path_template: str = Field(default=DEFAULT_TEMPLATE, description="Where files lie in the bucket.")
    public_base_url: Text | None = Field(
        default=None, description="Where the bucket's objects can be read; links then lead there."
    )
    access_key: Text
    secret_key: SecretStr | None = Field(default=None, min_length=1, max_length=200, description="Never shown again.")

    @field_validator("path_template")
    @classmethod
    def _good_names(cls, template: str) -> str:
        NameTemplate(template)
        return template

    @field_validator("endpoint")
    @classmethod
    def _only_a_host(cls, url: str) -> str:
        parts = _url(url)
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("must be a URL without a path: bucket and key follow the host")
        return url.rstrip("/")

    @field_validator("public_base_url")
    @classmethod
    def _readable(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = _url(url)
        if parts.query or parts.fragment:
            raise ValueError("must be a URL without ? and #")
        return url.rstrip("/")


def _url(text: str) -> Any:
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("must be a URL") from error
    if parts.scheme not in {"http", "https"} or not host or not text.isascii() or not text.isprintable():
        raise ValueError("must be a URL that begins with https://")
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or password")
    return parts


@dataclass(frozen=True)
class StorageState:
    """What a shop has set: `storage` None, or not active, means the hosted bucket alone. `version` is for If-Match."""

    version: int
    storage: OwnStorage | None

    @property
    def own(self) -> bool:
        """Whether new files go to the shop's own storage."""
        return self.storage is not None and self.storage.active


@dataclass(frozen=True)
class TestResult:
    """Whether a small object could be written and read again. `code` is stable, `sentence` says what to do."""

    ok: bool
    code: str
    sentence: str


class OwnStorages:
    def __init__(self, pool: Pool, catalog: Catalog, sealer: Sealer | None, *, allow_private_addresses: bool) -> None:
        """Without a sealer nothing can be saved. `allow_private_addresses` is for tests and demonstrations; it also
        lets http pass."""
        self._pool = pool
        self._catalog = catalog
        self._sealer = sealer
        self._allow_private = allow_private_addresses

    @property
    def offered(self) -> bool:
        """Whether the operator has set sealing keys."""
        return self._sealer is not None

    async def state(self, shop: str) -> StorageState:
        return _state(await self._catalog.find(shop, CatalogKind.STORAGE, ONLY))

    async def save(self, principal: Principal, form: StorageForm, *, if_match: IfMatch) -> StorageState:
        """For print jobs from now on. Raises ProblemError 409 `storage_not_offered`, 422 `secret_key_needed` and
        `storage_address_refused`, 412 and 428 as `check_match` does."""
        sealer = self._need_sealer()
        self._check_endpoint(form.endpoint)
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                stored = await self._catalog.lock(connection, principal, CatalogKind.STORAGE, ONLY)
                check_match(if_match, stored.version, exists=True)
                before = _state(stored).storage
                after = _filled(form, before, sealer, principal.shop).following(before)
                if after == before:
                    return StorageState(stored.version, before)
                saved = await self._write(connection, principal, stored.version + 1, after)
        return StorageState(saved.version, after)

    async def remove(self, principal: Principal, *, if_match: IfMatch) -> StorageState:
        """Back to the hosted bucket. What lies in the merchant's stays there, and links to it go on.

        Raises 412 and 428 as `check_match` does.
        """
        with ground_errors():
            async with self._pool.acquire() as connection, connection.transaction():
                stored = await self._catalog.lock(connection, principal, CatalogKind.STORAGE, ONLY)
                check_match(if_match, stored.version, exists=True)
                before = _state(stored).storage
                if before is None or not before.active:
                    return StorageState(stored.version, before)
                after = before.model_copy(update={"active": False})
                saved = await self._write(connection, principal, stored.version + 1, after)
        return StorageState(saved.version, after)

    async def test(self, shop: str, form: StorageForm | None = None) -> TestResult:
        """Write one small object and read it again, with what is filled in or with what is stored.

        Raises ProblemError 409 `no_own_storage`, `storage_not_offered`, 422 as `save`.
        """
        sealer = self._need_sealer()
        stored = (await self.state(shop)).storage
        if form is not None:
            self._check_endpoint(form.endpoint)
            wanted = _filled(form, stored, sealer, shop)
        elif stored is not None:
            wanted = stored
        else:
            raise ProblemError(409, "no_own_storage", "This shop has no storage of its own.")
        try:
            secret = sealer.open(wanted.secret_key, storage_seal(shop))
        except PrintworksError as error:
            raise ProblemError(422, "secret_key_needed", "Enter the secret key again: it cannot be read.") from error
        return await self._try(wanted, secret)

    async def example(self, shop: str, template: str) -> str:
        """Where the shop's newest print file would lie under a template (an invented one, as long as there is none).

        Raises ProblemError 422 `name_template_invalid`.
        """
        try:
            read = NameTemplate(template)
        except NameTemplateError as error:
            raise ProblemError(422, "name_template_invalid", str(error)) from error
        with ground_errors():
            row = await self._pool.fetchrow(SQL["newest_file"], shop)
        return read.render(EXAMPLE if row is None else name_values(dict(row), dict(row)))

    async def bucket(self, shop: str, endpoint: str, bucket: str) -> MerchantBucket:
        """A bucket that is or was the shop's, opened; the caller closes it. Raises PoisonError `storage_removed` when
        the setting has forgotten it, `storage_credentials_unreadable` without the key that sealed it."""
        storage = (await self.state(shop)).storage
        place = None if storage is None else storage.place(endpoint, bucket)
        if place is None:
            raise PoisonError(explain(Reason.STORAGE_REMOVED).sentence, code=Reason.STORAGE_REMOVED)
        return MerchantBucket(connection_of(place, shop, self._sealer), allow_private_addresses=self._allow_private)

    async def reseal(self) -> int:
        """Seal all shops' credentials with the current key, so that older keys can go. Returns how many shops had some
        that were sealed anew. Raises PoisonError `seal_unreadable` when one cannot be opened."""
        sealer = self._need_sealer()
        with ground_errors():
            shops = [row["shop"] for row in await self._pool.fetch(SQL["shops_with_storage"])]
        count = 0
        for shop in shops:
            operator = Principal(shop=shop, key_id="operator", scopes=frozenset())
            with ground_errors():
                async with self._pool.acquire() as connection, connection.transaction():
                    stored = await self._catalog.lock(connection, operator, CatalogKind.STORAGE, ONLY)
                    before = _state(stored).storage
                    after = None if before is None else _resealed(before, sealer, shop)
                    if after is not None and after != before:
                        await self._write(connection, operator, stored.version + 1, after)
                        count += 1
        return count

    async def _write(self, connection: Connection, principal: Principal, version: int, storage: OwnStorage) -> Entry:
        body = storage.model_dump(mode="json")
        return await self._catalog.write(connection, principal, CatalogKind.STORAGE, ONLY, version, body)

    async def _try(self, storage: OwnStorage, secret: str) -> TestResult:
        try:
            bucket = MerchantBucket(
                _connection(storage, secret),
                allow_private_addresses=self._allow_private,
                read_seconds=READ_SECONDS,
                retries=0,
            )
            try:
                async with asyncio.timeout(TEST_SECONDS):
                    await _check_bucket(bucket)
                    await bucket.check()
            finally:
                await bucket.close()
        except TimeoutError:
            return _failure(Reason.STORAGE_UNREACHABLE)
        except PrintworksError as error:
            return _failure(error.code)
        return _WORKS

    def _check_endpoint(self, endpoint: str) -> None:
        try:
            check_endpoint(endpoint, allow_private_addresses=self._allow_private)
        except PoisonError as error:
            raise ProblemError(
                422, error.code, "The endpoint must be a public address that begins with https://."
            ) from error

    def _need_sealer(self) -> Sealer:
        if self._sealer is None:
            raise ProblemError(
                409, "storage_not_offered", "This installation offers no storage of the shop's own. Ask your operator."
            )
        return self._sealer


def _connection(place: StoragePlace, secret: str) -> MerchantConnection:
    return MerchantConnection(
        s3_endpoint=place.endpoint,
        s3_region=place.region,
        bucket=place.bucket,
        addressing=place.addressing,
        s3_access_key=place.access_key,
        s3_secret_key=SecretStr(secret),
        browsable=place.browsable,
    )


def _state(entry: Entry | None) -> StorageState:
    if entry is None:
        return StorageState(0, None)
    return StorageState(entry.version, None if entry.deleted else OwnStorage.model_validate(entry.body))


def _filled(form: StorageForm, before: OwnStorage | None, sealer: Sealer, shop: str) -> OwnStorage:
    return OwnStorage(**form.model_dump(exclude={"secret_key"}), secret_key=_sealed(form, before, sealer, shop))


def _sealed(form: StorageForm, before: OwnStorage | None, sealer: Sealer, shop: str) -> Sealed:
    """The secret key, sealed; the same secret again keeps its seal, so that nothing changes."""
    if form.secret_key is None:
        if before is None or before.access_key != form.access_key:
            raise ProblemError(422, "secret_key_needed", "Enter the secret key that belongs to this access key.")
        return before.secret_key
    secret = form.secret_key.get_secret_value()
    if before is not None and _opens_to(before.secret_key, secret, sealer, shop):
        return before.secret_key
    return sealer.seal(secret, storage_seal(shop))


def _opens_to(sealed: Sealed, secret: str, sealer: Sealer, shop: str) -> bool:
    try:
        return sealer.open(sealed, storage_seal(shop)) == secret
    except PoisonError:
        return False


def _resealed(storage: OwnStorage, sealer: Sealer, shop: str) -> OwnStorage:
    def anew(place: StoragePlace) -> Sealed:
        if sealer.is_current(place.secret_key):
            return place.secret_key
        return sealer.seal(sealer.open(place.secret_key, storage_seal(shop)), storage_seal(shop))

    earlier = tuple(place.model_copy(update={"secret_key": anew(place)}) for place in storage.earlier)
    return storage.model_copy(update={"secret_key": anew(storage), "earlier": earlier})


async def _check_bucket(bucket: MerchantBucket) -> None:
    """Some stores make a bucket of whatever name is written to, so a misspelt one is looked for by reading first.
    Without the right to list, what is missing looks forbidden: the write that follows says what is really wrong."""
    try:
        await bucket.get_bytes(TEST_OBJECT)
    except ObjectMissingError:
        return
    except PoisonError as error:
        if error.code != Reason.STORAGE_REFUSED:
            raise


_WORKS = TestResult(True, "ok", "A small object was written and read again. Files can be delivered here.")


def _failure(code: str) -> TestResult:
    reason = explain(code)
    return TestResult(False, code, f"{reason.sentence} {reason.advice}")
