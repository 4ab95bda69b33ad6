"""Bodies of a shop's catalog entries, as they travel on `printworks.catalog.v1`; nothing in them is personal.

Templates and mappings have documents of their own (`printworks_common.templates`, `printworks_common.mapping`).
"""

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from printworks_common.events.base import EventPart, Sha256, ShopifyId
from printworks_common.sealing import Sealed

ONLY = "default"
"""Entry id where a shop has one entry of a kind: its storage, its retention period, its renders."""


EARLIER_PLACES = 10
"""Buckets that a storage setting remembers beside the present one."""


class AssetKind(StrEnum):
    IMAGE = "image"
    FONT = "font"
    PROFILE = "profile"
    PALETTE = "palette"


class Asset(EventPart):
    """A sticker, background, logo, font, colour profile or palette of the library, as it lies in the hosted bucket."""

    kind: AssetKind
    name: str = Field(description="What people call it.")
    key: str
    sha256: Sha256
    crc32: int
    bytes: int
    media_type: str
    width_px: int | None = None
    height_px: int | None = None


class StoragePlace(EventPart):
    """A bucket in somebody's S3-compatible storage, and what opens it."""

    endpoint: str = Field(description="URL without a path, such as https://s3.eu-central-1.amazonaws.com")
    region: str
    bucket: str
    addressing: Literal["path", "virtual"] = Field(description="Bucket in the path, or in the host name.")
    access_key: str
    secret_key: Sealed = Field(description="Sealed; belongs to `storage/<shop>`.")
    browsable: bool = Field(
        default=True, description="Browsers reach the endpoint. Else links are streamed through jobs-api."
    )


class OwnStorage(StoragePlace):
    """A merchant's own storage: the body of the entry `default` of the kind `storage`.

    A shop that goes back to the hosted bucket keeps its entry, switched off, and one that changes buckets keeps the
    earlier ones in it: links to files that lie there are signed with their credentials. A deleted entry ends them.
    """

    active: bool = Field(default=True, description="New files go there. Else they stay in the hosted bucket.")
    path_template: str = Field(description="See `printworks_common.file_names`.")
    public_base_url: str | None = Field(
        default=None, description="Where the bucket's objects are read without a signature, if anywhere; no query."
    )
    earlier: tuple[StoragePlace, ...] = Field(default=(), description="Buckets used before, the newest first.")

    def place(self, endpoint: str, bucket: str) -> StoragePlace | None:
        """The credentials of a bucket that is or was the shop's; None for any other."""
        places: tuple[StoragePlace, ...] = (self, *self.earlier)
        return next((one for one in places if (one.endpoint, one.bucket) == (endpoint, bucket)), None)

    def following(self, before: "OwnStorage | None") -> "OwnStorage":
        """This setting as it is saved over `before`: with the buckets that were the shop's until now."""
        if before is None:
            return self.model_copy(update={"earlier": ()})
        fields = set(StoragePlace.model_fields)
        until_now = (StoragePlace.model_validate(before.model_dump(include=fields)), *before.earlier)
        others = [one for one in until_now if (one.endpoint, one.bucket) != (self.endpoint, self.bucket)]
        return self.model_copy(update={"earlier": tuple(others[:EARLIER_PLACES])})


class RetentionPeriod(EventPart):
    """How long the shop's hosted files are kept, in days from the order date or the first payment."""

    days: int


class Rendering(EventPart):
    """What a shop says about its renders: the body of the entry `default` of the kind `rendering`."""

    watermark_test_orders: bool = Field(default=True, description="Files of test orders carry a watermark.")


class ShopProfile(EventPart):
    """What Shopify says of a shop as a whole: the body of the entry `default` of the kind `shop`."""

    time_zone: str = Field(description="IANA name, such as Europe/Berlin: in it the shop's days begin and end.")


class Hold(EventPart):
    """Keeps the files of an order, or of the whole shop, beyond their day. Who and why stay in jobs-api."""

    order_id: ShopifyId | None = Field(default=None, description="None: all orders of the shop.")
    until: date | None = Field(default=None, description="Last day (UTC) of the hold; None: until it is lifted.")


def storage_seal(shop: str) -> str:
    """What the sealed secret of a shop's storage belongs to."""
    return f"storage/{shop}"
