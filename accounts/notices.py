"""Send emails about your own account. A failing mail server stops nobody."""

import logging
from typing import Any

from django.conf import settings
from django.core.mail import get_connection, send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.mail import TIMEOUT
from accounts.sessions import device

logger = logging.getLogger("likewise.mail")


def tell(
    request: HttpRequest | None, email: str, subject: str, letter: str, **context: Any
) -> bool:
    """Send an email of `templates/emails/account`, with time and IP address; False on failure."""
    context |= {
        "email": email,
        "now": timezone.now(),
        "account_link": f"{settings.LIKEWISE_URL}{reverse('account')}",
        "reset_link": f"{settings.LIKEWISE_URL}{reverse('account_reset_password')}",
    }
    if request is not None:
        context["ip"] = request.META.get("REMOTE_ADDR", "")
        context["device"] = device(request.headers.get("User-Agent", ""))
    try:
        sent = send_mail(
            subject,
            render_to_string(f"emails/account/{letter}.txt", context),
            from_email=None,
            recipient_list=[email],
            connection=get_connection(timeout=TIMEOUT),
        )
    except OSError as error:  # smtplib's errors are OSErrors, too
        logger.warning("event=mail-failed letter=%s error=%s", letter, type(error))
        return False
    return bool(sent)


def email_change_link(secret: str) -> str:
    """Return the public URL that confirms an email address."""
    return f"{settings.LIKEWISE_URL}{reverse('account-email-confirm', args=[secret])}"
