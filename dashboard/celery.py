"""Define the Celery application, which only carries wake-up messages."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
TRANSPORT_ALIASES["folder"] = "dashboard.process.message_folder:Transport"

app = Celery("likewise")
app.config_from_object("django.conf:settings", namespace="CELERY")
