"""Ports of local servers: what was given out stays with whom it was given to."""

import socket
import subprocess
import sys

import pytest
from printworks_local.stack.ports import free_ports

TAKE = """
import socket, sys
with socket.socket() as other:
    other.bind(("127.0.0.1", int(sys.argv[1])))
"""


def _listen(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()
    return listening


def test_no_port_is_given_out_twice() -> None:
    ports = [port for _ in range(5) for port in free_ports(20)]
    assert len(set(ports)) == len(ports) == 100


def test_a_server_listens_at_its_port_and_again_after_a_restart() -> None:
    (port,) = free_ports(1)
    for _ in range(2):
        with _listen(port) as listening, socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = listening.accept()
            with accepted:
                client.sendall(b"x")
                assert accepted.recv(1) == b"x"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a port for a server of another process")
def test_another_process_is_not_given_a_port_whose_server_is_down() -> None:
    (port,) = free_ports(1)
    _listen(port).close()
    other = subprocess.run([sys.executable, "-c", TAKE, str(port)], capture_output=True, text=True, check=False)
    assert "Address already in use" in other.stderr
