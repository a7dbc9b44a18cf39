"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from dashboard.files.images import budget

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

application = get_wsgi_application()
budget.decoding().hurry()
