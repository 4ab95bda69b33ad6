"""What every kind of stack can do."""

import asyncio
from abc import ABC, abstractmethod

import asyncpg

from printworks_local.stack.model import Part, StackError, StackInfo
from printworks_local.stack.postgres import quoted, with_database
from printworks_local.stack.s3 import S3Client


class Stack(ABC):
    """A running stack. Parts keep their ports and data when they are stopped, killed and started again."""

    info: StackInfo

    async def create_database(self, name: str) -> str:
        """Make an empty database; returns its DSN. Raises asyncpg.DuplicateDatabaseError."""
        await self._as_superuser(f"CREATE DATABASE {quoted(name)} TEMPLATE template0")
        return with_database(self.info.postgres_dsn, name)

    async def drop_database(self, name: str) -> None:
        """Drop a database, closing its connections; nothing happens when it is not there."""
        await self._as_superuser(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")

    async def _as_superuser(self, statement: str) -> None:
        connection = await asyncpg.connect(self.info.postgres_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def create_bucket(self, name: str) -> None:
        """Make a bucket; one that is there stays as it is."""
        client = S3Client.of(self.info)
        try:
            await asyncio.to_thread(client.create_bucket, name)
        finally:
            client.close()

    async def delete_bucket(self, name: str) -> None:
        """Delete a bucket with everything in it."""
        client = S3Client.of(self.info)
        try:
            await asyncio.to_thread(client.delete_bucket, name)
        finally:
            client.close()

    @abstractmethod
    async def stop(self, part: Part) -> None:
        """End a part as an operator would. Nothing happens when it is not running."""

    @abstractmethod
    async def kill(self, part: Part) -> None:
        """kill -9."""

    @abstractmethod
    async def start(self, part: Part) -> float:
        """Start a stopped or killed part on the same port and data; returns the seconds until it answered."""

    @abstractmethod
    def pause(self, part: Part) -> None:
        """SIGSTOP: connections stay open, nothing answers."""

    @abstractmethod
    def resume(self, part: Part) -> None:
        """Undo `pause`."""


class UncontrolledStack(Stack):
    """A stack whose parts we can use but not stop."""

    reason: str

    def _refuse(self) -> StackError:
        return StackError(f"{self.reason} Use STACK=local for tests that stop parts.", code="stack_not_controlled")

    async def stop(self, part: Part) -> None:
        raise self._refuse()

    async def kill(self, part: Part) -> None:
        raise self._refuse()

    async def start(self, part: Part) -> float:
        raise self._refuse()

    def pause(self, part: Part) -> None:
        raise self._refuse()

    def resume(self, part: Part) -> None:
        raise self._refuse()
