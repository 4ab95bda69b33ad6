"""Free ports on loopback."""

import random
import socket
import sys

FIRST, LAST = 15000, 29999
"""Below the range from which Linux (32768+) and macOS (49152+) take ports of outgoing connections: a client that
tries to reconnect to a part that is down must not be given the part's own port, or it would connect to itself."""

_given: set[int] = set()
"""What this process has given out, for as long as it lives: a part may be down and come back at its port."""


def free_ports(count: int) -> list[int]:
    """`count` different ports on 127.0.0.1 that nobody listens on and that no later call gives out, in no process.

    A server takes its port seconds after it was chosen, or again after a restart; in between it is held by a bound
    socket that does not listen. Linux lets a server that sets SO_REUSEADDR, as all do, listen beside such a socket,
    and refuses everyone else. Elsewhere two processes may choose the same one. Raises OSError when there are none."""
    found: list[int] = []
    for port in random.sample(range(FIRST, LAST + 1), k=LAST + 1 - FIRST):
        if len(found) == count:
            return found
        if port not in _given and _take(port):
            found.append(port)
    raise OSError(f"no {count} free ports on 127.0.0.1 between {FIRST} and {LAST}")


def _take(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        try:
            held.bind(("127.0.0.1", port))
        except OSError:
            return False
        _given.add(port)
        if sys.platform == "linux":
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.detach()  # stays open until the process ends
    return True
