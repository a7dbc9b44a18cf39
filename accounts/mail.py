"""The letters of this room. A mail server that fails keeps nobody from going on."""

import logging

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import Invitation

logger = logging.getLogger("likewise.mail")
TIMEOUT = 10
CONSOLE = "django.core.mail.backends.console.EmailBackend"


def invitation_link(secret: str) -> str:
    """Return the public address of an invitation."""
    return f"{settings.LIKEWISE_URL}{reverse('invitation', args=[secret])}"


def send_invitation(invitation: Invitation, link: str) -> bool:
    """Send the link to whom it is for; False if they will not get it, for whatever reason."""
    who = str(invitation.invited_by)
    # A name may hold a line break, a subject may not.
    subject = " ".join(f"{who} invites you to {invitation.workspace.name}".split())
    context = {"invitation": invitation, "who": who, "link": link}
    try:
        sent = send_mail(
            subject,
            render_to_string("emails/invitation.txt", context),
            from_email=None,
            recipient_list=[invitation.email],
            connection=get_connection(timeout=TIMEOUT),
        )
    except OSError as error:  # what smtplib raises is an OSError too
        logger.warning("event=mail-failed invitation=%s error=%s", invitation.pk, type(error))
        return False
    return bool(sent) and settings.EMAIL_BACKEND != CONSOLE
