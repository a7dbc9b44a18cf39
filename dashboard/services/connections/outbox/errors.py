"""Why a change cannot be sent now, beside the errors of the client."""

from dashboard.services.errors import Refused


class Waits(Exception):
    """The change waits for something else: a token, or a thing that the other server lacks."""


class Rejected(Exception):
    """The change cannot be sent as it is; a person has to decide."""


class NoLongerWaits(Refused):
    """The change was sent, or withdrawn, in the meantime."""

    def __init__(self) -> None:
        super().__init__("This change no longer waits. Reload the page.")
