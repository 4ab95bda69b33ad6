"""Fetching what customers and merchants name by URL: pictures, fonts, design documents. The one way out."""

from printworks_common.fetching.errors import (
    BlockedAddressError,
    FetchMissingError,
    FetchTooLargeError,
    FetchUnreachableError,
    FetchUnsupportedError,
)
from printworks_common.fetching.fetcher import FetchedFile, Fetcher
from printworks_common.fetching.media_types import FONTS, IMAGES

__all__ = [
    "FONTS",
    "IMAGES",
    "BlockedAddressError",
    "FetchMissingError",
    "FetchTooLargeError",
    "FetchUnreachableError",
    "FetchUnsupportedError",
    "FetchedFile",
    "Fetcher",
]
