"""What the routes work with, and who asks."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from printworks_common.clock import Clock
from printworks_common.filelinks import LinkSigner
from printworks_common.shopify import session_tokens
from printworks_common.storage import ObjectStore

from printworks_jobs_api.assets import Assets
from printworks_jobs_api.bulk import BulkActions
from printworks_jobs_api.catalog import Catalog
from printworks_jobs_api.changes import ChangeWatch
from printworks_jobs_api.commands import Commands
from printworks_jobs_api.dry_runs import DryRuns
from printworks_jobs_api.export_places import Places
from printworks_jobs_api.export_plan import Planner
from printworks_jobs_api.export_stream import Streams
from printworks_jobs_api.exports import Exports
from printworks_jobs_api.guesses import Guesses, Network, sender
from printworks_jobs_api.held_data import HeldData
from printworks_jobs_api.idempotency import Once
from printworks_jobs_api.keeping import Keeping
from printworks_jobs_api.keyring import Keyring
from printworks_jobs_api.keys import KeyStore, Principal, Scope
from printworks_jobs_api.limits import RateLimiter
from printworks_jobs_api.metrics import WRONG_KEYS
from printworks_jobs_api.own_storage import OwnStorages
from printworks_jobs_api.privacy_report import PrivacyReport
from printworks_jobs_api.problems import ProblemError
from printworks_jobs_api.reading import Reader
from printworks_jobs_api.shops import ShopBook
from printworks_jobs_api.staff import RETRY_HEADERS, Staff
from printworks_jobs_api.tenancy import act_for

BEARER = {"WWW-Authenticate": 'Bearer realm="printworks"'}


@dataclass(frozen=True)
class Services:
    """Everything that routes use; put together once, in `app.py`."""

    clock: Clock
    keys: KeyStore
    staff: Staff
    keyring: Keyring
    limiter: RateLimiter
    guesses: Guesses
    trusted_proxies: tuple[Network, ...]
    once: Once
    reader: Reader
    shops: ShopBook
    commands: Commands
    bulk: BulkActions
    catalog: Catalog
    dry_runs: DryRuns
    assets: Assets
    storages: OwnStorages
    places: Places
    keeping: Keeping
    exports: Exports
    planner: Planner
    streams: Streams
    privacy: PrivacyReport
    held_data: HeldData
    watch: ChangeWatch
    store: ObjectStore
    signer: LinkSigner
    public_url: str
    presign_seconds: int
    upload_max_bytes: int
    upload_dir: Path | None
    session_secret: bytes
    session_hours: int


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


async def principal_of(request: Request, services: ServicesDep) -> Principal:
    """The holder of the bearer key or session token. Raises ProblemError 401 `unauthorized`, 429 `rate_limited`,
    429 `too_many_wrong_keys`.
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        text = text.strip()
        principal = services.staff.authenticate(text) or await services.keys.authenticate(text)
        if principal is not None:
            act_for(principal.shop)
            _check_rate(services, f"{principal.shop}/{principal.actor}")
            return principal
        if session_tokens.looks_like_one(text):
            WRONG_KEYS.labels("admin", "refused").inc()
        elif (seconds := count_wrong_key(request, services, "api")) > 0:
            raise ProblemError(
                429,
                "too_many_wrong_keys",
                "Too many wrong API keys came from your address. Wait a moment, and correct the key.",
                headers={"Retry-After": str(seconds)},
            )
    raise ProblemError(
        401, "unauthorized", "Send a valid API key as `Authorization: Bearer pwk_…`.", headers=BEARER | RETRY_HEADERS
    )


def count_wrong_key(request: Request, services: Services, door: str) -> int:
    """Note that a wrong API key was shown. 0: it is one of few; else whole seconds until another may be."""
    seconds = math.ceil(services.guesses.wait(sender(request.scope, services.trusted_proxies)))
    WRONG_KEYS.labels(door, "limited" if seconds else "refused").inc()
    return seconds


def _check_rate(services: Services, key_id: str) -> None:
    seconds = services.limiter.wait(key_id)
    if seconds > 0:
        retry_after = str(math.ceil(seconds))
        raise ProblemError(
            429, "rate_limited", "This key asks too often. Wait a moment.", headers={"Retry-After": retry_after}
        )


PrincipalDep = Annotated[Principal, Depends(principal_of)]


def check_scope(principal: Principal, scope: Scope) -> None:
    """Raises ProblemError 403 `missing_scope` when the key may not do this."""
    if not principal.may(scope):
        raise ProblemError(403, "missing_scope", f"This needs a key with the scope {scope}.", scope=scope.value)


class _Requires:
    """Dependency: the principal, if the key has the scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def __call__(self, principal: PrincipalDep) -> Principal:
        check_scope(principal, self._scope)
        return principal


JobsReader = Annotated[Principal, Depends(_Requires(Scope.JOBS_READ))]
FilesReader = Annotated[Principal, Depends(_Requires(Scope.FILES_READ))]
JobsWriter = Annotated[Principal, Depends(_Requires(Scope.JOBS_WRITE))]
Exporter = Annotated[Principal, Depends(_Requires(Scope.EXPORT))]
SettingsWriter = Annotated[Principal, Depends(_Requires(Scope.SETTINGS_WRITE))]
