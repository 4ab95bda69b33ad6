"""Opens every link of an order's metafield, as a fulfilment system would, and keeps the files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from printworks_local.shop_floor import ShopFloor

MAGIC = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG",),
    "tiff": (b"II*\x00", b"MM\x00*", b"II+\x00"),
    "jpeg": (b"\xff\xd8\xff",),
    "xlsx": (b"PK\x03\x04",),
    "svg": (b"<?xml", b"<svg"),
    "webp": (b"RIFF",),
}
"""How a file of a format begins; formats of plain text have no sign."""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that was fetched over its link."""

    url: str
    path: Path
    role: str
    format: str
    sha256: str
    bytes: int
    bucket: str
    """Where the link led in the end."""

    def result(self) -> dict[str, Any]:
        """The file in the result file (contract)."""
        return {
            "url": self.url,
            "path": str(self.path),
            "role": self.role,
            "format": self.format,
            "sha256": self.sha256,
            "bytes": self.bytes,
        }


async def fetch_files(
    floor: ShopFloor, links: list[str], order: dict[str, Any], directory: Path
) -> tuple[list[FetchedFile], list[str]]:
    """The files behind `links`, in `directory`, and what was wrong with them.

    Nobody signs in: whoever has a link of the metafield can open it.
    """
    known = {file["url"]: file for job in order["jobs"] for file in job["files"]}
    fetched: list[FetchedFile] = []
    problems: list[str] = []
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False, timeout=60) as client:
        for url in links:
            answer = await client.get(url)
            facts = known.get(url)
            if answer.is_error or facts is None:
                problems.append(
                    f"a link of the metafield answers {answer.status_code}, known to the API: {bool(facts)}"
                )
                continue
            file = FetchedFile(
                url=url,
                path=_save(directory, str(facts["name"]), answer.content),
                role=facts["role"],
                format=facts["facts"]["format"],
                sha256=hashlib.sha256(answer.content).hexdigest(),
                bytes=len(answer.content),
                bucket=answer.url.path.split("/")[1],
            )
            fetched.append(file)
            problems += _differences(file, facts, answer.content)
    return fetched, problems


def _save(directory: Path, name: str, content: bytes) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_bytes(content)
    return path


def _differences(file: FetchedFile, facts: dict[str, Any], content: bytes) -> list[str]:
    found: list[str] = []
    if (file.sha256, file.bytes) != (facts["sha256"], facts["bytes"]):
        found.append(f"{file.path.name} is not the file that the API describes")
    if not content.startswith(MAGIC.get(file.format, (b"",))):
        found.append(f"{file.path.name} is no {file.format} file")
    return found
