"""The hosted store: bucket, rights, what it honours, and its clock."""

from printworks_common.clock import Clock
from printworks_common.doctor.findings import Finding, Findings, good, note, said, wrong
from printworks_common.errors import PrintworksError
from printworks_common.storage import ObjectStore
from printworks_common.storage.client import StorageConnection
from printworks_common.storage.probe import Capabilities

PART = "store"

CLOCK_SECONDS = 300.0
"""Above it S3 refuses signatures."""


async def look(settings: StorageConnection, clock: Clock) -> Findings:
    """Findings about the bucket. Looking keeps one small object in it, as every start of a service does."""
    store = ObjectStore(settings)
    try:
        can = await store.open()
        yield good(PART, f"the bucket {settings.bucket} gives back what is put")
        for finding in features(can):
            yield finding
        theirs = await store.time()
        if theirs is not None:
            apart = abs((theirs - clock.now()).total_seconds())
            yield (
                wrong(PART, f"the store's clock and ours are {apart:.0f} s apart")
                if apart > CLOCK_SECONDS
                else good(PART, "the clocks agree")
            )
        found = [one async for one in store.list("probes/")]
        yield good(PART, "the bucket can be listed") if found else wrong(PART, "the bucket's listing lacks an object")
    except PrintworksError as error:
        yield said(PART, error)
    finally:
        await store.close()


def features(can: Capabilities) -> list[Finding]:
    """What a store does not honour, and what follows. Pure."""
    findings: list[Finding] = []
    if not can.conditional_puts:
        findings.append(note(PART, "it ignores If-None-Match: two writers of one key can race"))
    if not can.checksums:
        findings.append(note(PART, "it does not check SHA-256 sums: ETags are compared, or objects are read back"))
    if not can.lists_uploads:
        findings.append(note(PART, "it lists unfinished uploads by whole keys alone: a purge goes through all of them"))
    if can.versioning in ("on", "suspended"):
        findings.append(note(PART, f"versioning is {can.versioning}: purges delete versions and markers too"))
    return findings or [good(PART, "conditions and checksums are honoured")]
