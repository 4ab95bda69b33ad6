"""One hierarchy of errors, by what is to be done about them.

The consumer loop, the dispatchers and the HTTP edge decide by these classes alone. `code` is stable and safe to show;
`str(error)` is a sentence without secrets, names, e-mails or picture URLs.
"""


class PrintworksError(Exception):
    """Base of every error that Printworks raises on purpose. Raise one of the subclasses."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class TransientError(PrintworksError):
    """It may pass: the caller retries with back-off, within a limit."""

    def __init__(self, message: str, *, code: str, retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after
        """Seconds to wait before the next try, when the other side has said so."""


class PoisonError(PrintworksError):
    """It will not pass, however often it is tried: dead letter, with a reason that a person understands."""


class GroundMissingError(PrintworksError):
    """Broker, database or object store is not there: wait, be not ready; never a dead letter, never a lost record."""
