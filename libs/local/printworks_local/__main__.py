"""`printworks-local up | demo | down | images`: what the targets of the Makefile with these names run."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

from printworks_common.errors import PrintworksError

from printworks_local.images import Images, find_engine
from printworks_local.stack.model import checkout_root
from printworks_local.up import UpOptions, end_everything, start_printworks

LABEL = "up"


async def up(shops_file: Path | None) -> int:
    """Run until Ctrl-C or SIGTERM."""
    async with start_printworks(UpOptions(label=LABEL, shops_file=shops_file, publish=True)) as printworks:
        print(printworks.summary(), flush=True)
        await asyncio.Event().wait()
    return 0


def down() -> int:
    for name in end_everything(checkout_root(), LABEL):
        print(f"ended {name}")
    return 0


def run_until_signal(work: Coroutine[None, None, int]) -> int:
    """Run it; SIGINT and SIGTERM cancel it once, so that it ends what it has started."""

    async def main() -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return 0

    return asyncio.run(main())


def main() -> None:
    parser = argparse.ArgumentParser(prog="printworks-local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up_parser = commands.add_parser("up", help="stack and services in the foreground until Ctrl-C")
    up_parser.add_argument("--shops-file", type=Path, help="YAML or JSON: shops instead of the stand-in's")
    demo_parser = commands.add_parser("demo", help="orders on their whole way")
    demo_parser.add_argument("--once", action="store_true", help="end when the orders are done")
    demo_parser.add_argument("--json", type=Path, metavar="PATH", help="write the result here")
    demo_parser.add_argument("--images", action="store_true", help="run the services from their images")
    commands.add_parser("down", help="end what is left of `up`")
    commands.add_parser("images", help="build the images, look into each one and start it")
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "up":
                code = run_until_signal(up(arguments.shops_file))
            case "demo":
                from printworks_local.demo import demo

                made = Images(find_engine()) if arguments.images else None
                code = run_until_signal(demo(once=arguments.once, result=arguments.json, images=made))
            case "images":
                from printworks_local.image_trial import try_images

                code = run_until_signal(try_images(Images(find_engine())))
            case _:
                code = down()
    except PrintworksError as error:
        print(error, file=sys.stderr)
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
