"""Define all settings of the program; self-hosters change them in the environment.

Names and defaults are those of the table in docs/settings.md; a test compares them with this file.
A secret may come from a file: `SECRET_KEY_FILE=/run/secrets/key` replaces `SECRET_KEY`.
"""

import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key
from whitenoise.compress import Compressor

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
env.read_env(os.environ.get("LIKEWISE_ENV", BASE_DIR / ".env"))


def _size(name: str, default: str) -> int:
    """Return a size such as `128M` in bytes (K, M, G are powers of 1024)."""
    text = env.str(name, default).strip().upper().removesuffix("B")
    factor = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:], 1)
    return int(float(text.rstrip("KMG")) * factor)


def _kept_secret(path: Path) -> str:
    """Return the secret key of the data folder; the first start creates it with mode 600."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(get_random_secret_key())
    return path.read_text()


# Locations
LIKEWISE_DATA = Path(env.str("LIKEWISE_DATA", str(BASE_DIR / "var"))).resolve()
LIKEWISE_DATA.mkdir(parents=True, exist_ok=True)
LIKEWISE_HOST = env.str("LIKEWISE_HOST", "127.0.0.1")
LIKEWISE_PORT = env.int("LIKEWISE_PORT", 8000)
LIKEWISE_URL = env.str("LIKEWISE_URL", f"http://localhost:{LIKEWISE_PORT}").rstrip("/")
REDIS_URL = env.str("REDIS_URL", "")

LIKEWISE_TRUSTED_PROXIES = env.list("LIKEWISE_TRUSTED_PROXIES", default=[])

# Limits
LIKEWISE_MAX_BODY = _size("LIKEWISE_MAX_BODY", "128M")
LIKEWISE_MAX_IMAGE = _size("LIKEWISE_MAX_IMAGE", "32M")
LIKEWISE_MAX_PIXELS = env.int("LIKEWISE_MAX_PIXELS", 100000000)
LIKEWISE_DECODING_MEMORY = _size("LIKEWISE_DECODING_MEMORY", "768M")
LIKEWISE_MAX_UPLOAD = _size("LIKEWISE_MAX_UPLOAD", "20G")
LIKEWISE_MAX_COLLECTION = env.int("LIKEWISE_MAX_COLLECTION", 1000000)
# 0 means no limit. Images and bytes are per workspace, workspaces per owner.
LIKEWISE_QUOTA_BYTES = _size("LIKEWISE_QUOTA_BYTES", "0")
LIKEWISE_QUOTA_IMAGES = env.int("LIKEWISE_QUOTA_IMAGES", 0)
LIKEWISE_QUOTA_WORKSPACES = env.int("LIKEWISE_QUOTA_WORKSPACES", 0)
LIKEWISE_RESERVE_DISK = _size("LIKEWISE_RESERVE_DISK", "1G")
LIKEWISE_THROTTLE = env.str("LIKEWISE_THROTTLE", "300/s")
LIKEWISE_FETCH_PRIVATE = env.list("LIKEWISE_FETCH_PRIVATE", default=[])
LIKEWISE_FETCH_TIMEOUT = 15
LIKEWISE_FETCH_MAX = 20 << 20

# The worker
LIKEWISE_WORKERS = env.int("LIKEWISE_WORKERS", os.cpu_count() or 1)
# Leaves one slot to other workspaces; on a single core they take turns.
LIKEWISE_JOBS_PER_WORKSPACE = env.int(
    "LIKEWISE_JOBS_PER_WORKSPACE", max(1, (os.cpu_count() or 1) - 1)
)
LIKEWISE_QUEUES = env.list("LIKEWISE_QUEUES", default=["upload", "extract", "train"])
LIKEWISE_LEASE = env.float("LIKEWISE_LEASE", 30.0)
LIKEWISE_SWEEP = env.float("LIKEWISE_SWEEP", 5.0)
LIKEWISE_KEEP_UPLOADS = env.float("LIKEWISE_KEEP_UPLOADS", 7.0)
LIKEWISE_KEEP_REQUESTS = env.float("LIKEWISE_KEEP_REQUESTS", 7.0)
LIKEWISE_KEEP_SIGN_INS = env.float("LIKEWISE_KEEP_SIGN_INS", 180.0)
LIKEWISE_KEEP_CHANGES = env.float("LIKEWISE_KEEP_CHANGES", 90.0)
LIKEWISE_BACKBONE = env.str("LIKEWISE_BACKBONE", "builtin")

# The first owner account
LIKEWISE_ADMIN_EMAIL = env.str("LIKEWISE_ADMIN_EMAIL", "")
LIKEWISE_ADMIN_PASSWORD = env.str("LIKEWISE_ADMIN_PASSWORD", "")

# Django
DEBUG = env.bool("LIKEWISE_DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or _kept_secret(LIKEWISE_DATA / "secret.key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list(
    "LIKEWISE_ALLOWED_HOSTS",
    default=["localhost", "127.0.0.1", "[::1]", urlsplit(LIKEWISE_URL).hostname or "localhost"],
)
CSRF_TRUSTED_ORIGINS = [LIKEWISE_URL]
# With LIKEWISE_DEBUG an error page lists the settings, without those that this class hides.
DEFAULT_EXCEPTION_REPORTER_FILTER = "dashboard.views.errors.SettingsFilter"
ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
APPEND_SLASH = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "accounts.apps.AccountsConfig",
    "dashboard.apps.DashboardConfig",
    "accounts.apps.OurAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "accounts.proxies.forwarded",
    "accounts.middleware.request_id",
    "dashboard.views.room.ballast",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.https.https_only",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "accounts.bodies.BoundedBody",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.workspace",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.mail.mail",
                "dashboard.views.navigation.navigation",
                "dashboard.views.jobs.job_polls.tray",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

# Data
_sqlite = f"sqlite:///{LIKEWISE_DATA / 'likewise.sqlite3'}"
DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", "") or _sqlite)}
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers take the lock when they begin, so that none fails half way; readers never wait (WAL).
    # The writers of a process wait in one queue.
    DATABASES["default"]["ENGINE"] = "dashboard.sqlite"
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
CACHES = {
    "default": {
        "BACKEND": "accounts.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "serializer": "accounts.cache.JsonSerializer",
            "socket_connect_timeout": 2,
            "socket_timeout": 2,
        },
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
LIKEWISE_STORAGE = env.str("LIKEWISE_STORAGE", "")
STORAGES = {
    "default": {
        "BACKEND": "dashboard.files.store.objects.BucketStorage",
        "OPTIONS": {"address": LIKEWISE_STORAGE},
    }
    if LIKEWISE_STORAGE
    else {
        "BACKEND": "dashboard.files.store.storage.AtomicFileSystemStorage",
        "OPTIONS": {"location": str(LIKEWISE_DATA / "files")},
    },
    "staticfiles": {"BACKEND": "dashboard.files.store.static.StaticStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("LIKEWISE_STATIC", str(LIKEWISE_DATA / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Compressing them takes seconds, and only a browser's debugger requests them.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# Accounts
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_ADAPTER = "accounts.adapter.ClosedSignupAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {"reset_password": "accounts.sign_in_forms.ResetForm"}
# By IP address (ip) and by what is tried (key). Counted in the cache; without Redis, per process.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "second_factor": "5/5m/key,30/d/key",
    "second_factor_ip": "20/m/ip",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "change_email": "5/h/user",
}
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {"authenticate": "accounts.sign_in_forms.CodeForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds that a phone's clock may differ
MFA_RECOVERY_CODE_DIGITS = 10
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
_mail = env.str("LIKEWISE_EMAIL_URL", "")
if _mail.removesuffix("://") in ("", "console", "consolemail"):
    EMAIL_BACKEND = f"accounts.mail_backends.{'TerminalMail' if _mail else 'NoMail'}"
else:
    EMAIL_CONFIG = env.email_url_config(_mail)
    globals().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("LIKEWISE_EMAIL_FROM", "likewise@localhost")

# Security
_https = LIKEWISE_URL.startswith("https://")
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = LIKEWISE_MAX_BODY
DATA_UPLOAD_MAX_NUMBER_FILES = 100  # per form: the upload page sends files one by one
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_TEMP_DIR = LIKEWISE_DATA / "tmp"
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "object-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
        "worker-src": [SELF],
    }
}

# The REST API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["dashboard.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["dashboard.api.permissions.RoleAllows"],
    "DEFAULT_THROTTLE_CLASSES": ["dashboard.api.throttling.TokenThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["dashboard.api.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "dashboard.api.rendering.OrjsonParser",
        "dashboard.api.uploads.forms.FormParser",
        "dashboard.api.uploads.forms.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "dashboard.api.schema.inspector.CallSchema",
    "EXCEPTION_HANDLER": "dashboard.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Likewise",
    "DESCRIPTION": "Custom visual similarity on your own server.",
    "VERSION": "2",
    "OAS_VERSION": "3.1.0",
    "PREPROCESSING_HOOKS": ["dashboard.api.schema.inspector.documented"],
    "POSTPROCESSING_HOOKS": ["dashboard.api.schema.inspector.finish"],
    "SORT_OPERATIONS": False,
}

# Background work: the job rows are the source of truth, Celery carries “check for job 17”
CELERY_BROKER_URL = REDIS_URL or "folder://localhost"
_queue_folder = LIKEWISE_DATA / "queue"
for _folder in ("messages", "control"):
    (_queue_folder / _folder).mkdir(parents=True, exist_ok=True)
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": max(60, int(LIKEWISE_LEASE * 2)),
        "socket_connect_timeout": 1,
        "socket_timeout": 2,
        "max_retries": 0,  # for senders: Kombu's own value would hold a request for six seconds
    }
    if REDIS_URL
    else {
        "data_folder_in": str(_queue_folder / "messages"),
        "data_folder_out": str(_queue_folder / "messages"),
        "control_folder": str(_queue_folder / "control"),
        "store_processed": False,
        "polling_interval": 0.05,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_IMPORTS = ["dashboard.jobs"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "upload"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # nobody uses it, and its queue would be polled too
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # the worker finds work without the broker
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # nor does it end when a replica takes no writes
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True  # there are none
CELERY_WORKER_CONSUMER = "dashboard.jobs.consumer:PatientConsumer"

LOG_LEVEL = env.str("LIKEWISE_LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "accounts.logs.RequestIdFilter"}},
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name} request={request_id} {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # At DEBUG, with LIKEWISE_DEBUG, it logs every statement, with session keys.
        "django.db.backends": {"level": "INFO"},
        "celery": {"level": "WARNING"},
        # It logs every few seconds what our consumer logs once.
        "celery.worker.consumer.consumer": {"level": "ERROR"},
        "kombu": {"level": "WARNING"},
        # At DEBUG it logs what it signs, with the key's name.
        "botocore": {"level": "WARNING"},
    },
}
