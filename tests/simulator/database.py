"""What a service asks of PostgreSQL, without PostgreSQL: transactions, row locks, and statements as Python functions.

The effect of each statement is written down once more here, by its name. So the statements themselves are not tried by
the simulator; the tests on a real database and the faults on the whole system try them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import asyncpg

from tests.simulator.world import Pause, World

Effect = Callable[[], None]
Statement = Callable[..., Any]


class Database:
    """Reads happen at once, writes with the commit. A subclass has the tables and gives the statements."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.reads: dict[str, Statement] = {}
        """Statement to what it returns."""
        self.writes: dict[str, Statement] = {}
        """Statement to a function that returns its status and its effect."""
        self.row_of: dict[str, Callable[..., object]] = {}
        """Statement to the row that it locks until its transaction ends."""
        self._locked: set[object] = set()

    def acquire(self) -> "Connection":
        return Connection(self)

    async def fetch(self, sql: str, *arguments: Any) -> list[Mapping[str, Any]]:
        return await self._alone(sql, arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Mapping[str, Any] | None:
        return await self._alone(sql, arguments)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        return await self._alone(sql, arguments)

    async def execute(self, sql: str, *arguments: Any) -> str:
        return await self._alone(sql, arguments)

    async def _alone(self, sql: str, arguments: Sequence[Any]) -> Any:
        """A statement that is its own transaction."""
        if sql in self.reads:
            self.ground()
            return self.reads[sql](*arguments)
        await self.world.point(f"{self.name}: before a statement")
        self.ground()
        if sql in self.row_of:
            await self.wait_for(self.row_of[sql](*arguments))
        result, effect = self.writes[sql](*arguments)
        effect()
        await self.world.point(f"{self.name}: after a statement")
        return result

    def ground(self) -> None:
        """Raises what asyncpg raises when the server is gone."""
        weather = self.world.weather
        if weather.ground and self.world.chance(weather.ground):
            self.world.happened["database away"] += 1
            raise asyncpg.ConnectionDoesNotExistError("simulated")

    def committed(self) -> None:
        """A transaction was carried out: what must hold of the tables can be looked at."""

    async def wait_for(self, row: object) -> None:
        while row in self._locked:
            self.world.happened["waited for a row"] += 1
            await Pause(0.5)

    async def lock(self, row: object) -> None:
        await self.wait_for(row)
        self._locked.add(row)

    def unlock(self, row: object) -> None:
        self._locked.discard(row)


class Connection:
    """One session. Outside of `transaction` each statement is one of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._effects: list[Effect] | None = None
        self._rows: list[object] = []

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        return await self._one(sql, arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Any:
        return await self._one(sql, arguments)

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        return await self._one(sql, arguments)

    async def execute(self, sql: str, *arguments: Any) -> Any:
        return await self._one(sql, arguments)

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            await self._one(sql, row)

    async def lock(self, row: object) -> None:
        """Until the end of the transaction."""
        if row not in self._rows:
            await self._database.lock(row)
            self._rows.append(row)

    async def _one(self, sql: str, arguments: Sequence[Any]) -> Any:
        database = self._database
        if self._effects is None:
            return await database._alone(sql, arguments)
        if sql in database.row_of:
            await self.lock(database.row_of[sql](*arguments))
        if sql in database.reads:
            return database.reads[sql](*arguments)
        result, effect = database.writes[sql](*arguments)
        self._effects.append(effect)
        return result

    def transaction(self) -> "Transaction":
        return Transaction(self)

    def begin(self) -> None:
        self._effects = []

    async def commit(self) -> None:
        database = self._database
        await database.world.point(f"{database.name}: before a commit")
        database.ground()
        for effect in self._effects or ():
            effect()
        database.committed()
        database.ground()  # the commit was carried out, and its answer is lost

    async def end(self, *, well: bool) -> None:
        """After a commit others have their turn; after an error nothing comes in between."""
        self._effects = None
        self.release()
        if well:
            await self._database.world.point(f"{self._database.name}: after a commit")

    def release(self) -> None:
        for row in self._rows:
            self._database.unlock(row)
        self._rows.clear()


class Transaction:
    """Its writes take effect with its commit, or not at all."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        self._connection.begin()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        well = False
        try:
            if kind is None:
                await self._connection.commit()
                well = True
        finally:
            await self._connection.end(well=well)
