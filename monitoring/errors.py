"""What can stop a drift check."""


class NothingToCompareError(ValueError):
    """One of the two periods holds no rows.

    Attributes:
        period: ``reference`` or ``current``.
    """

    def __init__(self, period: str) -> None:
        self.period = period
        super().__init__(
            f"The {period} period holds no rows, so there is nothing to compare. "
            "Choose dates on which the book holds cases."
        )


class ColumnsMissingError(ValueError):
    """The current period lacks columns that the reference has.

    Attributes:
        names: The columns that are missing.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(
            f"The current period lacks {len(names)} column(s) of the reference: {', '.join(names[:10])}"
            f"{', …' if len(names) > 10 else ''}. Build it with the feature set of the released model."
        )
