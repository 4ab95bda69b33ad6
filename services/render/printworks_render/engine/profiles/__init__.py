"""ICC profiles that come with the renderer, and reading of the shop's own."""

import struct
from dataclasses import dataclass
from pathlib import Path

from printworks_common.failures import Reason

from printworks_render.engine.job import RenderError

_HERE = Path(__file__).parent
_MAX_PROFILE_BYTES = 8 << 20

SRGB: bytes = (_HERE / "srgb.icc").read_bytes()


@dataclass(frozen=True)
class Profile:
    """An ICC profile. `device_class` is its header's own, such as `prtr`; `space` such as `CMYK`."""

    data: bytes
    device_class: str
    space: str
    name: str


def read_profile(data: bytes, name: str) -> Profile:
    """Raises `RenderError(template_invalid)` for what is not an ICC profile."""
    if not 132 <= len(data) <= _MAX_PROFILE_BYTES or data[36:40] != b"acsp":
        raise RenderError(Reason.TEMPLATE_INVALID, "The colour profile named by the template is not an ICC profile.")
    (size,) = struct.unpack(">I", data[:4])
    if size > len(data):
        raise RenderError(Reason.TEMPLATE_INVALID, "The colour profile named by the template is cut off.")
    device_class, space = (data[at : at + 4].decode("latin-1").strip() for at in (12, 16))
    return Profile(data, device_class, space, name)


def default_cmyk() -> Profile:
    """The CMYK printer profile that is used when a template names none."""
    return read_profile((_HERE / "chemical-proof.icc").read_bytes(), "Chemical proof")


def printer_profile(data: bytes, name: str) -> Profile:
    """A profile that may be an output intent: printer class, CMYK. Raises `RenderError(template_invalid)`."""
    profile = read_profile(data, name)
    if profile.device_class != "prtr" or profile.space != "CMYK":
        raise RenderError(
            Reason.TEMPLATE_INVALID,
            f"The template's profile is of class {profile.device_class!r} and {profile.space}; "
            "a CMYK printer profile is needed.",
        )
    return profile
