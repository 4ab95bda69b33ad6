"""Why a print job failed: stable codes, each with a sentence for the merchant and what to do about it.

The codes are part of the public contract (events, API, order page). A code is never re-used for another meaning;
consumers must accept codes that they do not know.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Stable code of a failed print job."""

    UPLOAD_MISSING = "upload_missing"
    UPLOAD_UNREACHABLE = "upload_unreachable"
    UPLOAD_CORRUPT = "upload_corrupt"
    UPLOAD_UNSUPPORTED = "upload_unsupported"
    UPLOAD_TOO_LARGE = "upload_too_large"
    UPLOAD_LOW_RESOLUTION = "upload_low_resolution"
    DESIGN_MISSING = "design_missing"
    DESIGN_INVALID = "design_invalid"
    TEMPLATE_MISSING = "template_missing"
    TEMPLATE_INVALID = "template_invalid"
    ASSET_MISSING = "asset_missing"
    FONT_UNAVAILABLE = "font_unavailable"
    FONT_MISSING_GLYPH = "font_missing_glyph"
    RENDER_TIMEOUT = "render_timeout"
    RENDER_OUT_OF_MEMORY = "render_out_of_memory"
    RENDER_CRASHED = "render_crashed"
    RENDER_FAILED = "render_failed"
    PREFLIGHT_FAILED = "preflight_failed"
    STORAGE_REFUSED = "storage_refused"
    STORAGE_BUCKET_MISSING = "storage_bucket_missing"
    STORAGE_SETTING_WRONG = "storage_setting_wrong"
    STORAGE_CREDENTIALS_UNREADABLE = "storage_credentials_unreadable"
    STORAGE_ADDRESS_REFUSED = "storage_address_refused"
    STORAGE_FULL = "storage_full"
    STORAGE_UNREACHABLE = "storage_unreachable"
    STORAGE_DAMAGED = "storage_damaged"
    STORAGE_REMOVED = "storage_removed"
    FILES_GONE = "files_gone"
    INPUTS_EXPIRED = "inputs_expired"


@dataclass(frozen=True)
class ReasonText:
    """What a merchant reads: `sentence` says what happened, `advice` what to do."""

    sentence: str
    advice: str


REASONS: dict[Reason, ReasonText] = {
    Reason.UPLOAD_MISSING: ReasonText(
        "The customer's picture is no longer at the address that came with the order.",
        "Ask the customer for the picture and use Replace picture, or restore it at its address and retry.",
    ),
    Reason.UPLOAD_UNREACHABLE: ReasonText(
        "The server that holds the customer's picture does not answer.",
        "Retry in a few minutes. If it goes on, use Replace picture.",
    ),
    Reason.UPLOAD_CORRUPT: ReasonText(
        "The customer's picture is damaged or incomplete.",
        "Ask the customer to send it again and use Replace picture.",
    ),
    Reason.UPLOAD_UNSUPPORTED: ReasonText(
        "The customer's file is not a picture in a format that can be printed.",
        "Use Replace picture with a JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF or BMP.",
    ),
    Reason.UPLOAD_TOO_LARGE: ReasonText(
        "The customer's picture is larger than the limit for one picture.",
        "Use Replace picture with a smaller version.",
    ),
    Reason.UPLOAD_LOW_RESOLUTION: ReasonText(
        "The customer's picture has too few pixels for this size; the print would be unsharp.",
        "Ask the customer for the original picture, or lower the limit of the product's template and re-render.",
    ),
    Reason.DESIGN_MISSING: ReasonText(
        "The line item carries no design: the property that should hold the picture is missing.",
        "Check the product's mapping and what the storefront writes, then use Replace picture.",
    ),
    Reason.DESIGN_INVALID: ReasonText(
        "The design that came with the line item cannot be read.",
        "Check what the storefront writes into _pw_design, then use Replace picture or ask for a new order.",
    ),
    Reason.TEMPLATE_MISSING: ReasonText(
        "The product is mapped to a template that does not exist.",
        "Create the template or correct the mapping under Settings, then re-render.",
    ),
    Reason.TEMPLATE_INVALID: ReasonText(
        "The product's template has an error.",
        "Correct the template under Settings, then re-render.",
    ),
    Reason.ASSET_MISSING: ReasonText(
        "A sticker or background of this design was deleted from the library.",
        "Restore or replace the asset under Settings, then retry.",
    ),
    Reason.FONT_UNAVAILABLE: ReasonText(
        "A font of this design cannot be loaded.",
        "Upload the font to the library or correct its address, then retry.",
    ),
    Reason.FONT_MISSING_GLYPH: ReasonText(
        "The text has characters that none of the fonts can show.",
        "Choose a font that has these characters, then re-render.",
    ),
    Reason.RENDER_TIMEOUT: ReasonText(
        "Rendering took longer than the time limit and was stopped.",
        "Retry. If it fails again, use a smaller picture or a simpler design.",
    ),
    Reason.RENDER_OUT_OF_MEMORY: ReasonText(
        "Rendering needed more memory than it may use and was stopped.",
        "Use a smaller picture, or ask your operator to raise the memory limit of the render workers.",
    ),
    Reason.RENDER_CRASHED: ReasonText(
        "The renderer stopped unexpectedly while it worked on this line item.",
        "Retry. If it fails again, use Replace picture: a damaged file can cause this.",
    ),
    Reason.RENDER_FAILED: ReasonText(
        "The renderer met an error that it does not know.",
        "Retry. If it fails again, tell your operator the number of the print job.",
    ),
    Reason.PREFLIGHT_FAILED: ReasonText(
        "The finished file did not pass the print checks.",
        "The report of the print job names the check. Correct what it names, then re-render.",
    ),
    Reason.STORAGE_REFUSED: ReasonText(
        "Your storage refused the files: the credentials are wrong, or may not write and read there.",
        "Check credentials and rights with Test under Settings, Storage, then retry.",
    ),
    Reason.STORAGE_BUCKET_MISSING: ReasonText(
        "The bucket for your files does not exist.",
        "Create the bucket, or correct its name under Settings, Storage, then retry.",
    ),
    Reason.STORAGE_SETTING_WRONG: ReasonText(
        "Your storage does not understand how it is asked: region, addressing or path template do not fit.",
        "Correct them under Settings, Storage, until Test succeeds, then retry.",
    ),
    Reason.STORAGE_CREDENTIALS_UNREADABLE: ReasonText(
        "The credentials of your storage can no longer be opened.",
        "Enter them again under Settings, Storage, then retry. If it goes on, tell your operator.",
    ),
    Reason.STORAGE_ADDRESS_REFUSED: ReasonText(
        "The address of your storage is not a public one; files are not sent there.",
        "Use the public endpoint of your storage under Settings, Storage, then retry.",
    ),
    Reason.STORAGE_FULL: ReasonText(
        "Your storage is full, or its quota is used up.",
        "Make room or raise the quota, then retry.",
    ),
    Reason.STORAGE_UNREACHABLE: ReasonText(
        "Your storage does not answer.",
        "Check the endpoint under Settings, Storage, then retry.",
    ),
    Reason.STORAGE_DAMAGED: ReasonText(
        "Your storage does not hold the same bytes that were sent to it.",
        "Retry. If it fails again, ask the provider of your storage.",
    ),
    Reason.STORAGE_REMOVED: ReasonText(
        "The setting of your storage was deleted while the files were on their way to it.",
        "Retry: without a storage of your own the files stay in ours.",
    ),
    Reason.FILES_GONE: ReasonText(
        "The finished files are no longer where they can be copied from.",
        "Re-render: the files are made anew from the pinned pictures.",
    ),
    Reason.INPUTS_EXPIRED: ReasonText(
        "The customer's picture was cleared at the end of its retention period.",
        "A cleared print job cannot be rendered again. Create a new order with the picture.",
    ),
}


def explain(code: str) -> ReasonText:
    """The text of a reason code; a code of a newer version gets a general text instead of an error."""
    try:
        return REASONS[Reason(code)]
    except ValueError:
        return ReasonText("The print job failed.", "Open the print job for details, then retry.")
