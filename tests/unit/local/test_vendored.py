"""What came from elsewhere and lies in the checkout is what was recorded when it came; npm's lock says the same of its
packages."""

import hashlib
import json
from pathlib import Path

from printworks_local.stack.model import checkout_root

ROOT = checkout_root()
PACKAGES = (*ROOT.glob("services/*/printworks_*"), *ROOT.glob("libs/common/printworks_*"))
VENDORED = ("*.ttf", "*.otf", "*.ttc", "*.woff*", "*.icc", "*.min.js")


def vendored() -> set[Path]:
    return {path for package in PACKAGES for form in VENDORED for path in package.rglob(form)}


def recorded() -> dict[Path, str]:
    """File to sha256, of all SHA256SUMS (the format of `sha256sum`)."""
    found: dict[Path, str] = {}
    for package in PACKAGES:
        for sums in package.rglob("SHA256SUMS"):
            for line in sums.read_text(encoding="utf-8").splitlines():
                digest, _, name = line.partition("  ")
                found[sums.parent / name] = digest
    return found


def test_vendored_files_are_those_that_were_recorded() -> None:
    present = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in vendored()}
    assert len(present) > 5
    assert present == recorded()


def test_every_package_of_the_npm_lock_has_a_hash() -> None:
    lock = json.loads((ROOT / "deploy" / "shopify-app" / "package-lock.json").read_text(encoding="utf-8"))
    from_outside = {
        name: one
        for name, one in lock["packages"].items()
        if name.rpartition("node_modules/")[1] and not one.get("link")
    }
    assert from_outside
    assert [name for name, one in from_outside.items() if not one.get("integrity", "").startswith("sha512-")] == []
