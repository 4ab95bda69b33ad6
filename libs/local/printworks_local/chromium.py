"""A Chromium for the browser tests: the installed one, else Debian's package, else playwright's own download."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from printworks_local.stack.model import StackError

VARIABLE = "PRINTWORKS_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
INSTALL_TIMEOUT = 600.0

FLAGS = (
    "--headless",
    "--no-sandbox",  # the sandbox refuses root, as which containers and build machines run
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""For `playwright.chromium.launch(executable_path=…, args=…)`: no traffic of the browser's own."""


class ChromiumError(StackError):
    """There is no Chromium and none can be installed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="chromium_missing")


def ensure_chromium() -> Path:
    """Path of a Chromium that runs; installs one where that is possible and none is found.

    Raises ChromiumError with what was tried."""
    wanted = os.environ.get(VARIABLE, "").strip()
    if wanted:
        if not _runs(Path(wanted)):
            raise ChromiumError(f"{VARIABLE}={wanted} is not a Chromium that starts.")
        return Path(wanted)
    tried: list[str] = []
    for find in (_installed, _playwright_cached, _install_debian_package, _install_playwright):
        found = find(tried)
        if found is not None:
            return found
    raise ChromiumError(
        "No Chromium was found and none could be installed: "
        + "; ".join(tried)
        + f". Install Chromium or Google Chrome, or set {VARIABLE} to its path."
    )


def _runs(path: Path) -> bool:
    """Debian's and Ubuntu's `chromium-browser` may be a script that only says how to install it."""
    try:
        result = subprocess.run(
            [str(path), "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def _installed(tried: list[str]) -> Path | None:
    candidates = [Path(found) for name in NAMES if (found := shutil.which(name))]
    candidates.extend(application for application in APPLICATIONS if application.is_file())
    for candidate in candidates:
        if _runs(candidate):
            return candidate
    tried.append("no installed Chromium or Chrome starts")
    return None


def _playwright_cached(tried: list[str]) -> Path | None:
    """What playwright has downloaded before. Asked in a process of its own: its sync API refuses a running loop."""
    code = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    result = _run([sys.executable, "-c", code])
    path = Path(result.stdout.strip()) if result.returncode == 0 else None
    if path is not None and path.is_file() and _runs(path):
        return path
    tried.append("playwright has downloaded none")
    return None


def _install_debian_package(tried: list[str]) -> Path | None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        tried.append("Debian's package needs apt-get and root")
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "--yes", "--no-install-recommends", "chromium"]
    for command in (install, [apt, "update"], install):
        result = _run(command, environment)
        if result.returncode == 0 and command is install:
            return _installed(tried)
    tried.append(f"apt-get install chromium failed: {_last_line(result)}")
    return None


def _install_playwright(tried: list[str]) -> Path | None:
    result = _run([sys.executable, "-m", "playwright", "install", "chromium"])
    if result.returncode != 0:
        tried.append(f"playwright install chromium failed: {_last_line(result)}")
        return None
    return _playwright_cached(tried)


def _run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=INSTALL_TIMEOUT,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no end after {INSTALL_TIMEOUT:g} seconds")


def _last_line(result: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (result.stderr + "\n" + result.stdout).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit code {result.returncode}"


if __name__ == "__main__":
    print(ensure_chromium())
