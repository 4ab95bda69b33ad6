"""What lies between a process and a server that it talks to: a link of its own, in which a fault can be made."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from printworks_local.services import Need, Service, processes
from printworks_local.stack import Listener
from printworks_local.stack.ports import free_ports
from printworks_local.stack.process import Command

from tests.faults.proxy import Link

EVERYBODY = "*"
"""The process name of a link that is not one process's: customers' pictures have one address."""

WEBHOOKS = "shopify-webhooks"
"""Who delivers webhooks."""


class Target(StrEnum):
    KAFKA = "kafka"
    POSTGRES = "postgres"
    S3 = "s3"
    SHOPIFY = "shopify"
    PICTURES = "pictures"
    RECEIVER = "receiver"


TARGET_OF_NEED = {
    Need.KAFKA: Target.KAFKA,
    Need.POSTGRES: Target.POSTGRES,
    Need.STORAGE: Target.S3,
    Need.SHOPS: Target.SHOPIFY,
}


MakeLink = Callable[[str, Target], Awaitable[Link]]
"""Makes the link of a process to a server; it listens, and is told where it leads before anybody comes."""


@dataclass
class Links:
    """The links of all processes. Each is told of the addresses of its own links and of nothing else."""

    by_end: dict[tuple[str, Target], Link] = field(default_factory=dict[tuple[str, Target], Link])
    listeners: dict[str, Listener] = field(default_factory=dict[str, Listener])
    """The broker's doors, by process: who comes through one is told the link's port for all that follows."""

    @classmethod
    async def make(cls, make: MakeLink, replicas: Mapping[str, int]) -> "Links":
        links = cls()
        named = processes(replicas)
        for name, service in named:
            for target in (TARGET_OF_NEED[need] for need in sorted(service.needs & TARGET_OF_NEED.keys())):
                links.by_end[name, target] = await make(name, target)
        for end in ((EVERYBODY, Target.PICTURES), (WEBHOOKS, Target.RECEIVER)):
            links.by_end[end] = await make(*end)
        for (name, _), port in zip(named, free_ports(len(named)), strict=True):
            link = links.by_end[name, Target.KAFKA]
            link.lead_to("127.0.0.1", port)
            letters = "".join(letter for letter in name if letter.isalnum())
            links.listeners[name] = Listener(f"TO{letters}".upper(), port, link.port)
        return links

    def to(self, target: Target) -> list[Link]:
        """All links to one server."""
        return [link for (_, end), link in self.by_end.items() if end is target]

    def of(self, process: str) -> dict[Target, Link]:
        return {end: link for (name, end), link in self.by_end.items() if name == process}

    def through(self, _service: Service, command: Command) -> Command:
        """The same process with the addresses of its links."""
        ends = self.of(command.name)
        environment = dict(command.environment)
        for target, variable in (
            (Target.KAFKA, "PRINTWORKS_KAFKA_BOOTSTRAP"),
            (Target.POSTGRES, "PRINTWORKS_POSTGRES_DSN"),
            (Target.S3, "PRINTWORKS_S3_ENDPOINT"),
        ):
            if target in ends:
                environment[variable] = self._led(environment[variable], ends[target], target)
        if Target.SHOPIFY in ends:
            environment["PRINTWORKS_SHOPS_FILE"] = str(
                self._shops(Path(environment["PRINTWORKS_SHOPS_FILE"]), command.name, ends[Target.SHOPIFY])
            )
        return replace(command, environment=environment)

    def lead(self, process: str, target: Target, address: str) -> str:
        """The address of what a link leads to from now on becomes that of the link; it stays where there is none."""
        link = self.by_end.get((process, target))
        return address if link is None else self._led(address, link, target)

    async def close(self) -> None:
        for link in self.by_end.values():
            await link.close()

    def _led(self, address: str, link: Link, target: Target) -> str:
        """The address with the link's port; the link leads to where the address led. The broker's door is known."""
        if target is Target.KAFKA:
            return f"127.0.0.1:{link.port}"
        parts = urlsplit(address)
        if parts.hostname is None or parts.port is None:
            raise ValueError(f"the address of {target} has no host and port")
        link.lead_to(parts.hostname, parts.port)
        at = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{at[0]}{at[1]}127.0.0.1:{link.port}").geturl()

    def _shops(self, shops_file: Path, process: str, link: Link) -> Path:
        """A shops file of the process's own."""
        shops: list[dict[str, Any]] = json.loads(shops_file.read_text())
        for shop in shops:
            shop["admin_api_url"] = self._led(shop["admin_api_url"], link, Target.SHOPIFY)
        own = shops_file.with_name(f"shops-{process}.json")
        own.touch(mode=0o600)
        own.write_text(json.dumps(shops))
        return own
