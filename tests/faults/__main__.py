"""Runs fault scenarios: `python -m tests.faults [--seed N] [--only kill,stop] [--form long]`.

Prints the seed first: the same seed gives the same traffic and the same faults again. Ends with code 1 when a promise
is broken; the services' logs are kept then.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from itertools import groupby

from printworks_local.stack import StackError
from printworks_local.stack.model import checkout_root

from tests.faults.disk import DiskError, with_rights
from tests.faults.running import FIRST_ORDER, ORDERS_APART, Context, Figures, Form, Scenario
from tests.faults.scenarios import SCENARIOS
from tests.faults.system import System, start_system


async def run_all(scenarios: Sequence[Scenario], seed: int, *, form: Form) -> int:
    """Run them one after the other; those with equal options in one system. Returns the exit code."""
    results: dict[str, Figures] = {}
    for options, group in groupby(scenarios, key=lambda one: one.options):
        async with start_system(options) as system:
            for scenario in group:
                results[scenario.name] = await run_one(scenario, system, seed, form=form)
    print("\n" + "\n".join(f"{name:<12} {figures.line()}" for name, figures in results.items()), flush=True)
    broken = sum(len(figures.broken) for figures in results.values())
    replay = f"replay with --seed {seed} --form {form}"
    print(f"{broken} promises are broken: {replay}" if broken else "every promise is kept")
    return 1 if broken else 0


async def run_one(scenario: Scenario, system: System, seed: int, *, form: Form) -> Figures:
    """Run a scenario in a system that was started with its options, and print what came of it."""
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{scenario.name} {time.monotonic() - began:4.0f} s] {text}", flush=True)

    tell(scenario.summary)
    first = FIRST_ORDER + ORDERS_APART * [one.name for one in SCENARIOS].index(scenario.name)
    figures = await scenario.run(Context(scenario.name, system, seed, form, first, tell))
    tell(figures.text())
    if figures.broken:
        kept = checkout_root() / ".printworks" / "faults" / f"{scenario.name}-{seed}"
        system.keep_logs(kept)
        tell(f"logs: {kept}")
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--only", metavar="NAMES", help="names of scenarios, separated by commas")
    parser.add_argument("--form", type=Form, choices=list(Form), default=Form.USUAL, help="how much of each runs")
    parser.add_argument("--list", action="store_true", help="print the scenarios and end")
    arguments = parser.parse_args()
    known = {scenario.name: scenario for scenario in SCENARIOS}
    if arguments.list:
        print("\n".join(f"{name:<12} {scenario.summary}" for name, scenario in known.items()))
        return 0
    names = arguments.only.split(",") if arguments.only else list(known)
    if unknown := set(names) - known.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    if any(known[name].options.disks for name in names):
        try:
            with_rights(["-m", "tests.faults", *sys.argv[1:]])
        except DiskError as error:
            names = [name for name in names if not known[name].options.disks]
            print(f"scenarios of full disks do not run here: {error}", file=sys.stderr)
    print(f"seed {arguments.seed}, {arguments.form} form: {', '.join(names)}", flush=True)
    try:
        return asyncio.run(run_all([known[name] for name in names], arguments.seed, form=arguments.form))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
