"""Why a release bundle is refused."""

from typing import Final

GET_A_GOOD_ONE: Final = "Do not use this bundle; export the release again, or go back to the one before."


class BundleError(Exception):
    """A release bundle is refused.

    Attributes:
        file: What was wrong, relative to the bundle; empty when the bundle as a whole is meant.
    """

    def __init__(self, problem: str, *, file: str = "", then: str = GET_A_GOOD_ONE) -> None:
        self.file = file
        super().__init__(f"{file}: {problem}. {then}" if file else f"{problem}. {then}")
