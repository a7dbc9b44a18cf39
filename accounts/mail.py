"""Send the emails of invitations. A failing mail server stops nobody."""

import logging
import sys
from collections.abc import Callable

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import Invitation

logger = logging.getLogger("likewise.mail")
# Seconds that a request may wait for a mail server; without it, smtplib waits forever.
TIMEOUT = 10
NO_MAIL = "accounts.mail_backends.NoMail"
TERMINAL = "accounts.mail_backends.TerminalMail"


def can_send() -> bool:
    """Return whether emails are delivered: to a mail server, or to a terminal that shows them."""
    if settings.EMAIL_BACKEND == TERMINAL:
        return sys.stdout.isatty()
    return bool(settings.EMAIL_BACKEND != NO_MAIL)


def mail(request: HttpRequest) -> dict[str, Callable[[], bool]]:  # noqa: ARG001
    """Provide templates with whether the server can send email."""
    return {"can_send_mail": can_send}


def invitation_link(secret: str) -> str:
    """Return the public URL of an invitation."""
    return f"{settings.LIKEWISE_URL}{reverse('invitation', args=[secret])}"


def send_invitation(invitation: Invitation, link: str) -> bool:
    """Send the link to the invited person; return False if it is not delivered."""
    who = str(invitation.invited_by)
    # A name may contain a line break, a subject may not.
    subject = " ".join(f"{who} invited you to {invitation.workspace.name}".split())
    context = {"invitation": invitation, "who": who, "link": link}
    try:
        sent = send_mail(
            subject,
            render_to_string("emails/invitation.txt", context),
            from_email=None,
            recipient_list=[invitation.email],
            connection=get_connection(timeout=TIMEOUT),
        )
    except OSError as error:  # smtplib's errors are OSErrors, too
        logger.warning("event=mail-failed invitation=%s error=%s", invitation.pk, type(error))
        return False
    # A terminal shows it to the developer; the invited person gets nothing, and the page says so.
    return bool(sent) and settings.EMAIL_BACKEND != TERMINAL
