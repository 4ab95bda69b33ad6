"""`python -m printworks_local.shopify [--port N]`: reads one JSON line, the list of shops, from standard input."""

import argparse
import sys

import orjson

from printworks_local.shopify.server import run
from printworks_local.shopify.state import ShopConfig


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    arguments = parser.parse_args()
    shops = [ShopConfig(**shop) for shop in orjson.loads(sys.stdin.buffer.readline() or b"[]")]
    run(shops, port=arguments.port, end_with_stdin=True)


if __name__ == "__main__":
    main()
