"""What a service asks of PostgreSQL, without PostgreSQL: transactions, row locks, and statements as Python functions.

The effect of each statement is written down once more here, by its name. So the statements themselves are not tried by
the simulator; the tests on a real database and the faults on the whole system try them.
"""

from collections.abc import Callable, Sequence
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
        self.locked: set[object] = set()

    def acquire(self) -> "Connection":
        return Connection(self)

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        """A statement that is its own transaction."""
        read = self.reads.get(sql)
        if read is not None:
            self.ground()
            return read(*arguments)
        await self.world.point(f"{self.name}: before a statement")
        self.ground()
        row_of = self.row_of.get(sql)
        if row_of is not None:
            await self.wait_for(row_of(*arguments))
        result, effect = self.writes[sql](*arguments)
        effect()
        await self.world.point(f"{self.name}: after a statement")
        return result

    fetchrow = fetchval = execute = fetch

    def ground(self) -> None:
        """Raises what asyncpg raises when the server is gone."""
        weather = self.world.weather
        if weather.ground and self.world.chance(weather.ground):
            self.world.happened["database away"] += 1
            raise asyncpg.ConnectionDoesNotExistError("simulated")

    def committed(self) -> None:
        """A transaction was carried out: what must hold of the tables can be looked at."""

    async def wait_for(self, row: object) -> None:
        while row in self.locked:
            self.world.happened["waited for a row"] += 1
            await Pause(0.5)


class Connection:
    """One session. Outside of `transaction` each statement is one of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.effects: list[Effect] | None = None
        self._rows: list[object] = []

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release()

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        database = self.database
        if self.effects is None:
            return await database.fetch(sql, *arguments)
        row_of = database.row_of.get(sql)
        if row_of is not None:
            await self.lock(row_of(*arguments))
        read = database.reads.get(sql)
        if read is not None:
            return read(*arguments)
        result, effect = database.writes[sql](*arguments)
        self.effects.append(effect)
        return result

    fetchrow = fetchval = execute = fetch

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            await self.fetch(sql, *row)

    async def lock(self, row: object) -> None:
        """Until the end of the transaction."""
        if row not in self._rows:
            await self.database.wait_for(row)
            self.database.locked.add(row)
            self._rows.append(row)

    def transaction(self) -> "Transaction":
        return Transaction(self)

    def release(self) -> None:
        self.database.locked.difference_update(self._rows)
        self._rows.clear()


class Transaction:
    """Its writes take effect with its commit, or not at all. After a commit others have their turn; after an error
    nothing comes in between."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        self._connection.effects = []

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        connection = self._connection
        database = connection.database
        try:
            if kind is None:
                await database.world.point(f"{database.name}: before a commit")
                database.ground()
                for effect in connection.effects or ():
                    effect()
                database.committed()
                database.ground()  # the commit was carried out, and its answer is lost
        finally:
            connection.effects = None
            connection.release()
        if kind is None:
            await database.world.point(f"{database.name}: after a commit")
