"""The settings of a role: those that are missing or wrong, and variables that no role reads."""

import os
from collections.abc import Iterable

from pydantic import ValidationError

from printworks_common.doctor.findings import Finding, good, note, wrong
from printworks_common.settings import PREFIX, Settings, explain

PART = "settings"


def look(cls: type[Settings]) -> tuple[Settings | None, list[Finding]]:
    """The settings if they can be read, and what is to be said of them. Values are never shown."""
    findings = [
        note(PART, f"{name} is set, but this role does not read it; misspelt?") for name in unknown(cls, os.environ)
    ]
    try:
        settings = cls()
    except ValidationError as error:
        return None, [*(wrong(PART, sentence) for sentence in explain(cls, error)), *findings]
    return settings, [good(PART, "all that must be set is set"), *findings]


def unknown(cls: type[Settings], environment: Iterable[str]) -> list[str]:
    """Variables with our prefix that are no setting of the class."""
    known = {f"{PREFIX}{field.upper()}" for field in cls.model_fields}
    return sorted(name for name in environment if name.upper().startswith(PREFIX) and name.upper() not in known)
