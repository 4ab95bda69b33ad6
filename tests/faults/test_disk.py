"""Small disks are as full as they say."""

import errno

import pytest

from tests.faults.disk import DiskError, fill, free, small_disk


def test_a_full_disk_takes_nothing_more_until_it_is_freed() -> None:
    try:
        with small_disk(2) as disk:
            assert fill(disk) > 1024 * 1024
            with pytest.raises(OSError, match="No space left") as refused:
                (disk / "more").write_bytes(b"x")
            assert refused.value.errno == errno.ENOSPC
            free(disk)
            assert (disk / "more").write_bytes(b"x" * 100_000) == 100_000
        assert not disk.exists()
    except DiskError as error:
        pytest.skip(str(error))
