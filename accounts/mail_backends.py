"""Handle emails without a mail server. Most contain a link with a secret: never log them."""

import logging
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.console import EmailBackend

logger = logging.getLogger("likewise.mail")


class NoMail(BaseEmailBackend):
    """No mail server is configured: nothing is sent, and the sender is told so."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002
        """Return 0: no email was sent."""
        return 0


class TerminalMail(EmailBackend):
    """Show emails on a developer’s terminal; any other output is a log, and gets none."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> Any:
        """Print the emails and return how many."""
        if self.stream.isatty():
            return super().send_messages(email_messages)
        logger.warning("event=mail-not-shown letters=%d", len(email_messages))
        return 0
