"""Typed errors of template and design documents. They will not pass on a retry: somebody has to correct something."""

from pydantic import ValidationError

from printworks_common.errors import PoisonError
from printworks_common.failures import Reason

_SHOWN_PROBLEMS = 5


class TemplateInvalidError(PoisonError):
    """The template has an error: code `template_invalid`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=Reason.TEMPLATE_INVALID)


class DesignMissingError(PoisonError):
    """The line item has no picture or text that the template needs: code `design_missing`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=Reason.DESIGN_MISSING)


class DesignInvalidError(PoisonError):
    """The design is there but cannot be used: code `design_invalid`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=Reason.DESIGN_INVALID)


def problems(error: ValidationError) -> str:
    """The first few problems of a document as one line, with their places and without the values found there.

    Values stay out, since a design holds customers' texts and picture URLs.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{'.'.join(str(part) for part in item['loc']) or 'document'}: {item['msg']}" for item in found]
    more = len(lines) - _SHOWN_PROBLEMS
    return "; ".join(lines[:_SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
