"""Time, chance, and processes that are stopped, overtaken or killed between any two of their steps."""

import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, NoReturn, cast

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Crash(BaseException):
    """kill -9. No `except Exception` of the services sees it, and what is in memory is gone with it."""


class PromiseBrokenError(AssertionError):
    """Something is not as it must be."""


class Pause:
    """Awaited: the task goes on so many simulated seconds later, and others have their turn."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __await__(self) -> Generator["Pause", None, None]:
        yield self


class GoOn:
    """Awaited: nothing comes in between."""

    __slots__ = ()
    __await__: Callable[[], Iterator[Any]] = partial(iter, ())


ON: Awaitable[None] = cast("Any", GoOn())


@dataclass(frozen=True)
class Weather:
    """How likely things are, at each step of a process. All zero: a calm day, on which nothing is even overtaken."""

    crash: float = 0.0
    stall: float = 0.0
    """Stopped for longer than its claims and its membership live, and going on after that."""
    slow: float = 0.0
    ground: float = 0.0
    """The database does not answer: before the commit, or after it, so that nobody knows."""

    @property
    def calm(self) -> bool:
        return self == CALM


CALM = Weather()
WINDY = Weather(slow=0.3)
ROUGH = Weather(crash=0.005, stall=0.003, slow=0.1, ground=0.005)
STORM = Weather(crash=0.05, stall=0.02, slow=0.3, ground=0.03)
CLIMATE = (CALM, CALM, CALM, CALM, WINDY, WINDY, ROUGH, ROUGH, ROUGH, STORM)

STALL_SECONDS = (16.0, 90.0)
"""Longer than a claim (15 s)."""


@dataclass(eq=False, slots=True)
class Task:
    """A coroutine of some process. Both listeners are told at most once."""

    coroutine: Coroutine[Pause, None, None]
    name: str
    crashed: Callable[[], None] | None = None
    stalled: Callable[[], None] | None = None


@dataclass
class World:
    """One simulated world. It is also the clock of everything in it."""

    seed: str
    weather: Weather
    random: Random
    story: list[str] | None = None
    """What happened, in words; None: nobody wants to read it."""
    happened: Counter[str] = field(default_factory=Counter[str])
    seconds: float = 0.0
    inline: bool = False
    """Set while code runs in one go under asyncio: it can die, and nothing else can come between its steps."""
    _heap: list[tuple[float, int, Task]] = field(default_factory=list[tuple[float, int, Task]])
    _count: int = 0
    _current: Task | None = None
    _now: tuple[float, datetime] = (0.0, START)
    """The last moment that somebody asked for."""

    @classmethod
    def of(cls, seed: str, *, telling: bool = False, weather: Weather | None = None) -> "World":
        random = Random(seed)
        chosen = random.choice(CLIMATE)
        return cls(seed, chosen if weather is None else weather, random, [] if telling else None)

    def now(self) -> datetime:
        seconds, now = self._now
        if seconds != self.seconds:
            now = START + timedelta(seconds=self.seconds)
            self._now = self.seconds, now
        return now

    def tell(self, kind: str, detail: str = "") -> None:
        """Count what happened, and write it down when somebody reads along."""
        self.happened[kind] += 1
        if self.story is not None:
            self.story.append(f"{self.now():%m-%d %H:%M:%S} {kind} {detail}".rstrip())

    def broken(self, sentence: str) -> NoReturn:
        raise PromiseBrokenError(sentence)

    def spawn(
        self,
        coroutine: Coroutine[Any, None, None],
        name: str,
        *,
        after: float = 0.0,
        crashed: Callable[[], None] | None = None,
        stalled: Callable[[], None] | None = None,
    ) -> None:
        self._schedule(Task(coroutine, name, crashed, stalled), after)

    def _schedule(self, task: Task, after: float) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self.seconds + after, self._count, task))

    def run(self, until: float) -> None:
        """Go on until nothing is left to do before the moment `until`, and move the clock there."""
        self._go_on(until)
        self.seconds = max(self.seconds, until)

    def run_to_the_end(self, most: float) -> None:
        """Go on until nothing is left to do. It is a broken promise when that takes more than `most` seconds."""
        self._go_on(self.seconds + most)
        if self._heap:
            self.broken(f"still not quiet after {most:g} s: {sorted(task.name for _, _, task in self._heap)}")

    def close(self) -> None:
        """Let go of what still waits."""
        for _, _, task in self._heap:
            task.coroutine.close()
        self._heap.clear()

    def _go_on(self, until: float) -> None:
        heap = self._heap
        try:
            while heap and heap[0][0] <= until:
                self.seconds, _, task = heapq.heappop(heap)
                self._current = task
                try:
                    pause = task.coroutine.send(None)
                except StopIteration:
                    continue
                except Crash as crash:
                    self.tell("crash", f"{task.name}: {crash}")
                    if task.crashed is not None:
                        task.crashed()
                else:
                    self._schedule(task, pause.seconds)
        finally:
            self._current = None

    def point(self, name: str) -> Awaitable[None]:
        """A place between two steps of a process, to be awaited."""
        weather = self.weather
        if weather is CALM:
            return ON
        roll = self.random.random()
        if roll < weather.crash:
            self.happened[f"crash at {name}"] += 1
            raise Crash(name)
        if self.inline:
            return ON
        roll -= weather.crash
        if roll < weather.stall:
            self.tell("stall", name)
            task = self._current
            if task is not None and task.stalled is not None:
                stalled, task.stalled = task.stalled, None
                stalled()
            return Pause(self.random.uniform(*STALL_SECONDS))
        if roll - weather.stall < weather.slow:
            return Pause(self.random.uniform(0.0, 2.0))
        return ON

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability
