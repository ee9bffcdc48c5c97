"""What helps where a file cannot be written."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT)


def remedy(error: Exception) -> str:
    """Room for a full disk or quota, and for a library's error, which does not say what it was; for

    others that what they say is mended.
    """
    known = error.errno if isinstance(error, OSError) else None
    return "make room there" if known is None or known in FULL else "mend that"
