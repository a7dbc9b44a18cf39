"""The Celery application: it carries wake-ups, nothing else."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

app = Celery("likewise")
app.config_from_object("django.conf:settings", namespace="CELERY")
