import errno

import pytest

from dirac.remedies import remedy


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_takes_room(code: int) -> None:
    assert remedy(OSError(code, "full")) == "make room there"


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.EFBIG, errno.EIO])
def test_room_helps_against_nothing_else(code: int) -> None:
    assert remedy(OSError(code, "refused")) == "mend that"


def test_a_library_that_does_not_say_why_may_have_found_no_room() -> None:
    assert remedy(RuntimeError("System error.")) == "make room there"
