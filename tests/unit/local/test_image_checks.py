"""What is said of an image that is not as it must be. The image itself is looked at by `make images`."""

from typing import Any

import pytest
from printworks_local.image_checks import faults, locked

REQUIREMENTS = """
httpx==0.28.1 \\
    --hash=sha256:00
opentype-sanitizer==9.2.0 ; platform_machine == 'x86_64' \\
    --hash=sha256:01
typing_extensions==4.15.0 ; python_version < '3.13' \\
    --hash=sha256:02
"""

GOOD: dict[str, Any] = {
    "user": 10001,
    "writable": ["/tmp"],
    "programs": [
        "/opt/printworks/bin/dbmate",
        "/opt/printworks/bin/printworks-render",
        "/usr/bin/python3.11",
        "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "/usr/lib/x86_64-linux-gnu/libc.so.6",
    ],
    "privileged": [],
    "uncompiled": [],
    "installed": ["httpx==0.28.1", "printworks-render==0.1.0", "typing-extensions==4.15.0"],
    "bill": [
        "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12",
        "pkg:pypi/httpx@0.28.1",
        "pkg:pypi/printworks-render@0.1.0",
        "pkg:pypi/typing-extensions@4.15.0",
    ],
}


def test_an_image_as_it_must_be_has_no_faults() -> None:
    assert not list(faults(GOOD, REQUIREMENTS, 10001))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"user": 0}, "it runs as user 0, not 10001"),
        ({"writable": ["/", "/tmp"]}, "writable are ['/', '/tmp'], not /tmp alone"),
        ({"programs": ["/usr/bin/dash"]}, "there is a program /usr/bin/dash"),
        ({"programs": ["/opt/printworks/bin/pip"]}, "there is a program /opt/printworks/bin/pip"),
        ({"privileged": ["/usr/bin/su"]}, "/usr/bin/su takes the rights of its owner"),
        ({"uncompiled": ["/opt/printworks/lib/a.py"]}, "/opt/printworks/lib/a.py has no byte code"),
        ({"installed": ["httpx==0.29.0"]}, "httpx==0.29.0 is not in the lock file"),
        ({"bill": GOOD["bill"][:1]}, "httpx is not in the bill of materials"),
        ({"bill": GOOD["bill"][1:]}, "the bill of materials has no package of the base"),
    ],
)
def test_each_fault_is_named(change: dict[str, Any], said: str) -> None:
    assert said in list(faults(GOOD | change, REQUIREMENTS, 10001))


def test_a_lock_file_may_have_a_library_in_several_versions() -> None:
    assert locked("numpy==2.3.0 ; python_version < '3.12'\nnumpy==2.4.1 ; python_version >= '3.12'\n") == {
        "numpy": {"2.3.0", "2.4.1"}
    }
