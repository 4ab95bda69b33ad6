"""A consumer of the public topic in Python: which orders have which artwork.

    pip install aiokafka
    python artwork_consumer.py kafka.example:9092 my-fulfilment

One JSON line per order and change on standard output. `--orders N` ends after N changes.
"""

import argparse
import asyncio
import json

from aiokafka import AIOKafkaConsumer

TOPIC = "printworks.artwork.v1"
WANTED = "printworks.order-artwork.changed.v1"


async def consume(bootstrap: str, group: str, changes: int | None) -> None:
    """Reads from where the group stopped, a new group from the earliest record."""
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=bootstrap,  # with SASL: security_protocol, sasl_mechanism, sasl_plain_username, …
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    # Yours is a table: the newest version of each order. Keep it where the effect is, in the same transaction.
    versions: dict[str, int] = {}
    await consumer.start()
    try:
        async for record in consumer:
            headers = {name: value.decode() for name, value in record.headers}
            # A type that is not known is not an error: more may be added.
            if headers.get("ce_type") == WANTED and record.value is not None:
                order = json.loads(record.value)
                key = f"{order['shop']}/{order['order_id']}"
                # A repeat has the same version, a late one a lower: neither changes anything.
                if order["version"] > versions.get(key, -1):
                    versions[key] = order["version"]
                    act(order)
                    changes = None if changes is None else changes - 1
            # First the effect, then the commit: after a crash the record comes again.
            await consumer.commit()
            if changes == 0:
                return
    finally:
        await consumer.stop()


def act(order: dict[str, object]) -> None:
    """Here: tell. There: fetch the links of `artwork_files` and print them when the status is `ready`."""
    # No status: the order has nothing customised any more, or was cancelled.
    status, files = order.get("artwork_status"), order.get("artwork_files") or []
    print(json.dumps({"order": order["order_id"], "status": status, "files": files}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("group")
    parser.add_argument("--orders", type=int)
    given = parser.parse_args()
    asyncio.run(consume(given.bootstrap, given.group, given.orders))
