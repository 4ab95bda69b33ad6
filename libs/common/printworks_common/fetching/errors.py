"""Errors of a fetch. Codes are reasons of a failed print job; sentences never tell what is behind an address."""

from printworks_common.addresses import Denial
from printworks_common.errors import PoisonError, TransientError
from printworks_common.failures import Reason


class FetchMissingError(PoisonError):
    """There is no such file at this address, or no longer."""

    def __init__(self) -> None:
        super().__init__("There is no file at this address.", code=Reason.UPLOAD_MISSING)


class BlockedAddressError(FetchMissingError):
    """The address must not be fetched from. To the outside it is a missing file, so that no network can be explored."""

    def __init__(self, denial: Denial | str) -> None:
        super().__init__()
        self.denial = str(denial)


class FetchUnreachableError(TransientError):
    """The server does not answer, answers too slowly, or fails: it may pass."""

    def __init__(self, *, retry_after: float | None = None) -> None:
        super().__init__(
            "The server that holds the file does not answer.", code=Reason.UPLOAD_UNREACHABLE, retry_after=retry_after
        )


class FetchTooLargeError(PoisonError):
    """The file has more bytes than the caller accepts."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The file is larger than {max_bytes} bytes.", code=Reason.UPLOAD_TOO_LARGE)


class FetchUnsupportedError(PoisonError):
    """The content is of another type than the caller accepts, or encoded in a way nobody asked for."""

    def __init__(self) -> None:
        super().__init__("The file is not of a type that is accepted here.", code=Reason.UPLOAD_UNSUPPORTED)
