"""Fixtures for all tests. Nothing starts before a test asks for it: unit tests run without any server."""

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
import pytest_asyncio
from printworks_local.stack import Part, Stack, StackInfo, StackKind, StackOptions, start_stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack() -> AsyncGenerator[Stack]:
    """The running parts, started once per session; `stack.info` has the addresses."""
    async with start_stack(StackOptions(label="tests")) as running:
        yield running


@pytest.fixture(scope="session")
def stack_info(stack: Stack) -> StackInfo:
    return stack.info


@pytest.fixture(scope="session")
def kafka_bootstrap(stack: Stack) -> str:
    return stack.info.kafka_bootstrap


@pytest_asyncio.fixture(loop_scope="session")
async def controlled_stack(stack: Stack) -> AsyncGenerator[Stack]:
    """For tests that stop, kill or pause parts: afterwards all parts run again. Others' servers are left alone."""
    if StackOptions().kind is not StackKind.LOCAL:
        pytest.skip("stops and kills parts: for STACK=local only")
    yield stack
    for part in Part:
        stack.resume(part)
        await stack.start(part)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def new_database(stack: Stack) -> AsyncGenerator[Callable[[], Awaitable[str]]]:
    """A factory: each call makes a fresh, empty database and returns its DSN. Dropped at the end of the session."""
    names: list[str] = []

    async def create() -> str:
        name = f"test_{secrets.token_hex(6)}"
        dsn = await stack.create_database(name)
        names.append(name)
        return dsn

    yield create
    for name in names:
        await stack.drop_database(name)


@pytest_asyncio.fixture(loop_scope="session")
async def database(new_database: Callable[[], Awaitable[str]]) -> str:
    """DSN of a fresh, empty database for this test."""
    return await new_database()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def new_bucket(stack: Stack) -> AsyncGenerator[Callable[[], Awaitable[str]]]:
    """A factory: each call makes an empty bucket and returns its name. Deleted at the end of the session."""
    names: list[str] = []

    async def create() -> str:
        name = f"test-{secrets.token_hex(6)}"
        await stack.create_bucket(name)
        names.append(name)
        return name

    yield create
    for name in names:
        await stack.delete_bucket(name)


@pytest_asyncio.fixture(loop_scope="session")
async def bucket(new_bucket: Callable[[], Awaitable[str]]) -> str:
    """Name of an empty bucket for this test."""
    return await new_bucket()


@pytest.fixture
def topic_prefix() -> str:
    """Unique per test, ends with a dot: tests share one broker."""
    return f"test-{secrets.token_hex(6)}."
