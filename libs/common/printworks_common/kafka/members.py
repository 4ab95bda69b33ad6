"""Whether anybody is in a consumer group."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError

from printworks_common.errors import GroundMissingError
from printworks_common.kafka.connection import KafkaConnection, client_options
from printworks_common.kafka.producer import within_limit
from printworks_common.kafka.whole import missing_ground

LIMIT_SECONDS = 3.0
CLOSE_SECONDS = 1.0


async def has_members(settings: KafkaConnection, group: str) -> bool:
    """Whether the group has a member now; also where the broker does not tell, for want of a right.

    Raises GroundMissingError when the brokers do not answer within `LIMIT_SECONDS`.
    """
    client = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=int(LIMIT_SECONDS * 1000))
    try:
        with missing_ground():
            async with asyncio.timeout(LIMIT_SECONDS):
                await client.start()
                return await described_with_members(client, group)
    except TimeoutError as error:
        raise GroundMissingError("The broker does not answer in time.", code="broker_unreachable") from error
    finally:
        await within_limit(client.close(), CLOSE_SECONDS)


async def described_with_members(client: AIOKafkaAdminClient, group: str) -> bool:
    """`has_members`, by a client that has been started. The broker may refuse while it looks for the group's
    coordinator, or in its description."""
    try:
        [response] = await client.describe_consumer_groups([group])
    except GroupAuthorizationFailedError:
        return True
    [described] = response.to_object()["groups"]
    code = described["error_code"]
    if code == GroupAuthorizationFailedError.errno:
        return True
    if code != 0:
        raise GroundMissingError(f"The broker does not describe the group: code {code}.", code="broker_unreachable")
    return bool(described["members"])
