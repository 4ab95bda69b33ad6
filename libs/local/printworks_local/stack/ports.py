"""Free ports on loopback."""

import random
import socket

FIRST, LAST = 15000, 29999
"""Below the range from which Linux (32768+) and macOS (49152+) take ports of outgoing connections: a client that
tries to reconnect to a part that is down must not be given the part's own port, or it would connect to itself."""


def free_ports(count: int) -> list[int]:
    """`count` different ports on 127.0.0.1 that nobody listens on. Raises OSError when there are none."""
    found: list[int] = []
    candidates = random.sample(range(FIRST, LAST + 1), k=LAST + 1 - FIRST)
    for port in candidates:
        if len(found) == count:
            return found
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    raise OSError(f"no {count} free ports on 127.0.0.1 between {FIRST} and {LAST}")
