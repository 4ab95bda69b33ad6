"""Starts one part so that it cannot outlive its owner. Run as a file, not imported: it replaces itself by the part.

    python -I -S launcher.py OWNER_PID DEATH_SIGNAL DIRECTORY|- -- command arguments...

On Linux the kernel sends DEATH_SIGNAL to the part when the thread that started it ends, also after kill -9 of the
owner.
DIRECTORY is for servers that refuse to run as root: the part then sees itself as an unprivileged user that owns it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
ORDINARY_ID = 65534
"""`nobody` on Linux."""


def die_with_owner(owner: int, death_signal: int) -> None:
    if sys.platform != "linux":
        return  # elsewhere the next start and `make down` end what was left, by the run's record
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        sys.exit(f"prctl(PR_SET_PDEATHSIG) failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != owner:
        os.kill(os.getpid(), signal.SIGKILL)  # the owner died before the kernel was told to watch it


def enter_user_namespace() -> bool:
    """Map root to an unprivileged id inside a user namespace: files stay root's, wherever the checkout lies."""
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        return False
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{ORDINARY_ID} {user} 1"),
        ("gid_map", f"{ORDINARY_ID} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def become_ordinary(directory: str) -> None:
    if os.geteuid() != 0:
        return
    if sys.platform == "linux" and enter_user_namespace():
        return
    # Where namespaces are forbidden (some containers), `nobody` gets the directory; it must be able to reach it.
    for path, _, names in os.walk(directory):
        for name in ("", *names):
            os.chown(os.path.join(path, name), ORDINARY_ID, ORDINARY_ID)
    os.setgroups([])
    os.setgid(ORDINARY_ID)
    os.setuid(ORDINARY_ID)
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        sys.exit(f"root cannot run this server, and no other user can reach {directory}: move the checkout elsewhere")


def main() -> None:
    owner, death_signal, directory, separator, *command = sys.argv[1:]
    if separator != "--" or not command:
        sys.exit("usage: launcher.py OWNER_PID DEATH_SIGNAL DIRECTORY|- -- command arguments...")
    if directory != "-":
        become_ordinary(directory)
    die_with_owner(int(owner), int(death_signal))  # last: a change of user makes the kernel forget it
    os.execv(command[0], command)


main()
