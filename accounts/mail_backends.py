"""Where letters go without a mail server. Most hold a link with a secret: never into the log."""

import logging
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend

logger = logging.getLogger("likewise.mail")


class NoMail(BaseEmailBackend):
    """No mail server is set: nothing is sent, and whoever sends is told so."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002
        """Return that no letter was sent."""
        return 0


class TerminalMail(EmailBackend):
    """Show letters on a developer’s terminal; an output that is none is a log, and gets none."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> Any:
        """Print the letters and return how many."""
        if self.stream.isatty():
            return super().send_messages(email_messages)
        logger.warning("event=mail-not-shown letters=%d", len(email_messages))
        return 0
