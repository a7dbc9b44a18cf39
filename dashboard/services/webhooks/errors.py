"""Refusals about webhooks."""

from dashboard.services.errors import Refused


class UnusableUrl(Refused):
    """A webhook cannot have this URL."""


class UnknownEvents(Refused):
    """A webhook was to be told of nothing, or of what does not exist."""

    def __init__(self) -> None:
        super().__init__("Choose at least one of the events that exist.")


class TooManyWebhooks(Refused):
    """A workspace has as many webhooks as it can have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"A workspace can have at most {most} webhooks. Delete one that you no longer need."
        )
