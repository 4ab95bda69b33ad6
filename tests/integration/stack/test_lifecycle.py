"""The stack is ready in time, ends with its owner however that ends, and says why a part did not start."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from printworks_local.stack import Stack, StackError, StackKind, StackOptions, end_runs, prepare, start_stack
from printworks_local.stack.local import LocalStack
from printworks_local.stack.model import Part, checkout_root
from printworks_local.stack.process import Command, ServerProcess
from printworks_local.stack.runs import runs_directory

pytestmark = pytest.mark.skipif(
    StackOptions().kind is not StackKind.LOCAL, reason="these are the properties of STACK=local"
)

OWNER = """
import asyncio, json
from dataclasses import asdict
from printworks_local.stack import Part, StackOptions, start_stack

async def main():
    async with start_stack(StackOptions(label="owner", quiet=True)) as stack:
        pids = [stack.pid(part) for part in Part]
        print(json.dumps({"directory": str(stack.directory), "pids": pids}), flush=True)
        await asyncio.to_thread(input)

asyncio.run(main())
"""


@contextmanager
def owner() -> Generator[tuple[subprocess.Popen[str], list[psutil.Process], Path]]:
    """Another process that runs a stack: it, all its descendants, its run directory."""
    process = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        parts = psutil.Process(process.pid).children(recursive=True)
        assert set(told["pids"]) <= {part.pid for part in parts}
        yield process, parts, Path(told["directory"])
    finally:
        process.kill()
        process.communicate()


def test_parts_hear_no_ctrl_c_and_share_the_processor_by_their_priorities() -> None:
    """In one session: between sessions Linux divides it equally, whatever a process's niceness (sched(7))."""
    with owner() as (process, parts, _):
        of_the_stack = [one for one in parts if one.ppid() == process.pid]

        assert len(of_the_stack) >= len(Part)
        for one in of_the_stack:
            assert os.getpgid(one.pid) == one.pid
            assert os.getsid(one.pid) == os.getsid(process.pid)


def test_a_warm_start_takes_less_than_20_seconds() -> None:
    async def start() -> float:
        await prepare(checkout_root())
        began = time.monotonic()
        async with start_stack(StackOptions(label="timing")):
            return time.monotonic() - began

    seconds = asyncio.run(start())
    print(f"ready after {seconds:.1f} s")
    assert seconds < 20


def test_nothing_is_left_when_the_owner_ends() -> None:
    with owner() as (process, parts, directory):
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait(timeout=30) == 0
        assert psutil.wait_procs(parts, timeout=1)[1] == []
        assert not directory.exists()


def test_nothing_is_left_when_the_owner_is_killed() -> None:
    with owner() as (process, parts, directory):
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=5)
        assert psutil.wait_procs(parts, timeout=10)[1] == []
        assert directory.name in end_runs(checkout_root())
        assert not directory.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_addresses_and_ends_all_on_a_signal(number: signal.Signals) -> None:
    process = subprocess.Popen([sys.executable, "-m", "printworks_local.stack"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while "}\n" not in lines:
            lines.append(process.stdout.readline())
        text = "".join(line for line in lines if not line.startswith("[stack]"))
        assert json.loads(text)["kafka_bootstrap"].startswith("127.0.0.1:")
        parts = psutil.Process(process.pid).children(recursive=True)
        assert len(parts) >= 3
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert psutil.wait_procs(parts, timeout=1)[1] == []
    finally:
        process.kill()
        process.communicate()


def test_another_owners_running_stack_is_left_alone() -> None:
    with owner() as (_, parts, directory):
        assert directory.name not in end_runs(checkout_root())
        assert all(part.is_running() for part in parts)
        assert directory.name in end_runs(checkout_root(), live_label="owner")
        assert psutil.wait_procs(parts, timeout=5)[1] == []


async def test_a_named_run_finds_its_data_again() -> None:
    name = f"named-{os.getpid()}"
    options = StackOptions(label="named", run_id=name, keep_data=True, quiet=True)
    async with start_stack(options) as first:
        connection = await asyncpg.connect(await first.create_database("kept"))
        await connection.execute("CREATE TABLE kept ()")
        await connection.close()
    async with start_stack(StackOptions(label="named", run_id=name, quiet=True)) as second:
        dsn = second.info.postgres_dsn.removesuffix("postgres") + "kept"
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT to_regclass('kept') IS NOT NULL")
        await connection.close()
    assert not (runs_directory(checkout_root()) / name).exists()


async def test_a_part_that_ends_early_is_reported_with_the_tail_of_its_log(tmp_path: Path) -> None:
    command = Command(
        name="Broken", arguments=["/bin/sh", "-c", "echo no space left; exit 3"], log=tmp_path / "broken.log"
    )

    async def probe() -> None:
        raise ConnectionRefusedError

    process = ServerProcess(command)
    with pytest.raises(StackError, match=r"Broken ended with code 3(.|\n)*no space left") as error:
        await process.wait_ready(probe, (OSError,), 10)
    assert error.value.code == "stack_part_ended"


async def test_a_part_that_never_answers_is_reported_with_the_tail_of_its_log(tmp_path: Path) -> None:
    command = Command(
        name="Silent", arguments=["/bin/sh", "-c", "echo waiting; exec sleep 60"], log=tmp_path / "silent.log"
    )

    async def probe() -> None:
        raise ConnectionRefusedError

    process = ServerProcess(command)
    try:
        with pytest.raises(StackError, match=r"Silent was not ready after 1 seconds(.|\n)*waiting"):
            await process.wait_ready(probe, (OSError,), 1)
    finally:
        await process.kill()
    assert not process.running


async def test_a_paused_part_keeps_connections_but_answers_nothing(controlled_stack: Stack) -> None:
    assert isinstance(controlled_stack, LocalStack)
    connection = await asyncpg.connect(controlled_stack.info.postgres_dsn)
    try:
        controlled_stack.pause(Part.POSTGRES)
        with pytest.raises(TimeoutError):
            await asyncpg.connect(controlled_stack.info.postgres_dsn, timeout=0.5)
        controlled_stack.resume(Part.POSTGRES)
        assert await connection.fetchval("SELECT 1") == 1
    finally:
        controlled_stack.resume(Part.POSTGRES)
        await connection.close()


def test_external_servers_need_their_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start() -> None:
        async with start_stack(StackOptions(kind=StackKind.EXTERNAL)):
            pass

    monkeypatch.setenv("PRINTWORKS_STACK_KAFKA_BOOTSTRAP", "127.0.0.1:9092")
    with pytest.raises(StackError, match="PRINTWORKS_STACK_POSTGRES_DSN, PRINTWORKS_STACK_S3_ENDPOINT"):
        asyncio.run(start())
