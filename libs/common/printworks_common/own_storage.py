"""From the sealed setting of a shop's own storage to a bucket that can be used, and to names and addresses in it."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote
from uuid import UUID

from pydantic import SecretStr

from printworks_common.catalog import OwnStorage, StoragePlace, storage_seal
from printworks_common.errors import PoisonError
from printworks_common.events.rendering import DeliveryRequested, StoredFile
from printworks_common.failures import REASONS, Reason
from printworks_common.file_names import NameTemplate, NameTemplateError, collision_key, with_mark
from printworks_common.sealing import Sealer
from printworks_common.storage import MerchantConnection


def connection_of(place: StoragePlace, shop: str, sealer: Sealer | None) -> MerchantConnection:
    """The bucket with its secret in the clear: for one use, not to be kept, logged or sent.

    Raises PoisonError `storage_credentials_unreadable` without the key that sealed it.
    """
    reason = Reason.STORAGE_CREDENTIALS_UNREADABLE
    if sealer is None:
        raise PoisonError(REASONS[reason].sentence, code=reason)
    try:
        secret = sealer.open(place.secret_key, storage_seal(shop))
    except PoisonError as error:
        raise PoisonError(REASONS[reason].sentence, code=reason) from error
    return MerchantConnection(
        s3_endpoint=place.endpoint,
        s3_region=place.region,
        bucket=place.bucket,
        addressing=place.addressing,
        s3_access_key=place.access_key,
        s3_secret_key=SecretStr(secret),
        browsable=place.browsable,
    )


def public_url(storage: OwnStorage, key: str) -> str | None:
    """Where an object can be read by anybody; None where the setting names no such address."""
    if storage.public_base_url is None:
        return None
    return f"{storage.public_base_url.rstrip('/')}/{quote(key, safe='/')}"


def object_keys(storage: OwnStorage, request: DeliveryRequested) -> Mapping[UUID, str]:
    """Where the files of a print job go, by file id: one key per file, the same each time they are asked for.

    Raises PoisonError `storage_setting_wrong` for a template that cannot be used.
    """
    try:
        template = NameTemplate(storage.path_template)
    except NameTemplateError as error:
        raise PoisonError("The path template cannot be used.", code=Reason.STORAGE_SETTING_WRONG) from error
    keys: dict[UUID, str] = {}
    taken: set[str] = set()
    for file in request.files:
        names = other_names(template.render(_values(request, file)), file)
        name = next(one for one in names if collision_key(one) not in taken)
        taken.add(collision_key(name))
        keys[file.file_id] = name
    return keys


def other_names(plain: str, file: StoredFile) -> Sequence[str]:
    """Names for a file, the first of which is free counts: its own, with a piece of its digest, with its whole id."""
    return [plain, with_mark(plain, file.sha256[:8]), with_mark(plain, file.file_id.hex)]


def _values(request: DeliveryRequested, file: StoredFile) -> Mapping[str, str]:
    """What the fields of a path template stand for."""
    stem, _, ending = file.name.rpartition(".")
    return {
        "order": request.order_name.lstrip("#"),
        "order_id": request.order_id,
        "date": request.order_date.isoformat() if request.order_date else "",
        "line": request.line_item_id,
        "sku": request.sku or "",
        "product": request.product_title or "",
        "variant": request.variant_title or "",
        "quantity": "" if request.quantity is None else str(request.quantity),
        "template": request.template_id or "",
        "area": file.area or "",
        "role": file.role,
        "version": str(request.artwork_version),
        "name": stem or file.name,
        "ext": ending or "bin",
    }
