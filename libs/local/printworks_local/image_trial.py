"""`make images`: every image is built, looked at from within, and started as a cluster would; its doctor is asked."""

import asyncio
import json
from pathlib import Path

from printworks_local.image_checks import faults, inspection
from printworks_local.images import TARGETS, UID, Images
from printworks_local.stack import StackError
from printworks_local.stack.model import checkout_root
from printworks_local.stack.process import Command, ServerProcess
from printworks_local.supervisor import Supervised
from printworks_local.up import UpOptions, start_printworks

SANITISE = """
from pathlib import Path
from printworks_render.engine import fonts
from printworks_render.engine.fonts.sanitise import sanitised
sanitised((Path(fonts.__file__).parent / "NotoSans-Regular.ttf").read_bytes())
"""
"""A font goes through the sanitizer's program, which is no Python and has to start in the image too."""


async def try_images(made: Images) -> int:
    """Exit code 0. Raises StackError with what is wrong."""
    root = checkout_root()
    for target in TARGETS:
        await asyncio.to_thread(made.build, root, target)
        libraries = await asyncio.to_thread(check, made, target, root)
        print(f"{made.name(target)}: {made.megabytes(target):.0f} MB, {libraries} libraries, as it must be", flush=True)
    await asyncio.to_thread(made.python, "render", SANITISE)
    async with start_printworks(UpOptions(label="images", images=made)) as printworks:
        for name, one in printworks.supervised.items():
            await ask_doctor(made, one, printworks.directory / "logs" / f"doctor-{name}.log")
            print(f"{name} runs from its image: read-only, no root, ready; its doctor finds nothing wrong", flush=True)
    return 0


def check(made: Images, target: str, root: Path) -> int:
    """The number of libraries. Raises StackError with all that is wrong with an image."""
    seen = json.loads(made.python(target, inspection()))
    requirements = (root / "requirements" / f"{target}.txt").read_text(encoding="utf-8")
    wrong = list(faults(seen, requirements, UID))
    if wrong:
        raise StackError(f"The image {target} is not as it must be:\n" + "\n".join(wrong[:40]), code="image_wrong")
    return len(seen["installed"])


async def ask_doctor(made: Images, one: Supervised, log: Path) -> None:
    """Raises StackError with the words of the doctor when something is wrong."""
    environment = one.command.environment
    shops = environment.get("PRINTWORKS_SHOPS_FILE")
    words = made.command(one.service.command, ["doctor", one.service.role], Path(shops).parent if shops else None)
    await ServerProcess(
        Command(name=f"doctor of {one.name}", arguments=words, log=log, environment=environment)
    ).wait_success()
