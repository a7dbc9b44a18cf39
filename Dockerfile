# One image; what a container does is its command: start prepare, start web, start worker.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY manage.py gunicorn.conf.py ./
COPY accounts accounts
COPY dashboard dashboard
COPY docs docs
COPY static static
COPY templates templates
# The static files are collected once here, so that no container has to do it at start.
RUN LIKEWISE_DATA=/tmp/data LIKEWISE_STATIC=/app/staticfiles \
    /venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home likewise
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH="/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LIKEWISE_DATA=/data \
    LIKEWISE_STATIC=/app/staticfiles \
    LIKEWISE_HOST=0.0.0.0
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('LIKEWISE_PORT', 8000)}/healthz\")"]
CMD ["python", "manage.py", "start"]
