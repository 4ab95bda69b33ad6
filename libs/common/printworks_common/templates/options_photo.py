"""Options of the recipe `photo`."""

from typing import Annotated

from pydantic import Field

from printworks_common.templates.base import Document


class PhotoOptions(Document):
    """How a photo print is made."""

    sharpen: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Strength of the sharpening of up-scaled pictures; 0 leaves them soft."""
