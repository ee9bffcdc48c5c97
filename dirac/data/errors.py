"""The error of everything that reads or fetches a data set."""


class DataError(ValueError):
    """A data set cannot be had or used; the message says what, where and what to do."""
