"""How long work tells how far it is, from a job through the services down to the engine."""

from typing import Final, Protocol


class Progress(Protocol):
    """What long work reports to; it may raise, and then the work stops at once.

    The work catches nothing that is raised here, so the caller learns what stopped it.
    """

    def report(self, done: int, total: int, step: str = "") -> None:
        """Hear how much of how much is done (`total` 0 if nobody knows), and what is being done."""


class Silent:
    """Nobody listens, and nothing stops the work but the end of the program."""

    def report(self, done: int, total: int, step: str = "") -> None:
        """Say nothing."""


SILENT: Final[Progress] = Silent()
