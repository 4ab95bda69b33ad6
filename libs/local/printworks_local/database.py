"""One database for a run, with a role per schema: a service that reached for another's tables would be refused."""

import secrets

import asyncpg

from printworks_local.environment import with_user
from printworks_local.services import SCHEMAS
from printworks_local.stack import Stack, StackKind
from printworks_local.stack.postgres import quoted

DATABASE = "printworks"
REQUESTS = "jobs_api_requests"


async def open_database(stack: Stack, kind: StackKind) -> tuple[str, dict[str, str]]:
    """DSN of the owner, and the DSN of each schema's role.

    On servers that belong to somebody else nothing is made: all schemas use the DSN that was given.
    """
    if kind is StackKind.EXTERNAL:
        dsn = stack.info.postgres_dsn
        return dsn, dict.fromkeys(SCHEMAS, dsn)
    dsn = await stack.create_database(DATABASE)
    connection = await asyncpg.connect(dsn)
    try:
        roles: dict[str, str] = {}
        for schema in SCHEMAS:
            password = secrets.token_hex(16)
            role = quoted(schema)
            # Statements that make roles take no parameters; the password is hexadecimal.
            await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
            await connection.execute(f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {quoted(DATABASE)} TO {role}")
            roles[schema] = with_user(dsn, schema, password)
        # What requests of jobs-api work as: no role that signs in, and none that owns anything.
        await connection.execute(f"CREATE ROLE {REQUESTS} NOLOGIN")
        await connection.execute(f"GRANT {REQUESTS} TO {quoted('jobs_api')}")
    finally:
        await connection.close()
    return dsn, roles
