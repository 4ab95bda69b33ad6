"""Run the parts by hand.

python -m printworks_local.stack            start, print the addresses, end on Ctrl-C
python -m printworks_local.stack prepare    fill the cache, so that later starts are fast
python -m printworks_local.stack down       end what is left of earlier runs
"""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict

from printworks_local.stack import StackError, StackOptions, end_runs, prepare, start_stack
from printworks_local.stack.model import checkout_root

LABEL = "stack"


async def run_until_signal(options: StackOptions) -> None:
    """Start the stack, print its addresses as one JSON object, wait for SIGINT or SIGTERM, end the stack."""
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with start_stack(options) as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)
        print(json.dumps(asdict(stack.info), indent=2), flush=True)
        await end.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m printworks_local.stack", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["run", "prepare", "down"], default="run")
    parser.add_argument("--keep", metavar="NAME", help="keep the data under this name and find it again")
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "prepare":
                asyncio.run(prepare(checkout_root()))
            case "down":
                for name in end_runs(checkout_root(), live_label=LABEL):
                    print(f"ended {name}")
            case _:
                options = StackOptions(label=LABEL, run_id=arguments.keep, keep_data=arguments.keep is not None)
                asyncio.run(run_until_signal(options))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
