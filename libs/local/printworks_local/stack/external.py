"""Servers that somebody else runs, given by URL."""

import os

from printworks_local.stack.base import UncontrolledStack
from printworks_local.stack.model import StackError, StackInfo

PREFIX = "PRINTWORKS_STACK_"
VARIABLES = {
    "postgres_dsn": "POSTGRES_DSN",
    "kafka_bootstrap": "KAFKA_BOOTSTRAP",
    "s3_endpoint": "S3_ENDPOINT",
    "s3_access_key": "S3_ACCESS_KEY",
    "s3_secret_key": "S3_SECRET_KEY",
    "bucket": "S3_BUCKET",
}


class ExternalStack(UncontrolledStack):
    """Uses what the environment names and changes nothing of it."""

    reason = "The parts of STACK=external belong to somebody else."

    def __init__(self) -> None:
        values = {name: os.environ.get(PREFIX + variable, "").strip() for name, variable in VARIABLES.items()}
        missing = [PREFIX + VARIABLES[name] for name, value in values.items() if not value]
        if missing:
            raise StackError(
                f"STACK=external needs {', '.join(missing)} in the environment.", code="stack_external_missing"
            )
        self.info = StackInfo(**values)
