# examples/fastapi-app by hand: the same layers as the runner's, without the runner.
ARG PYTHON_IMAGE
ARG UV_IMAGE
FROM ${UV_IMAGE} AS uv

FROM ${PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python3 -m compileall -q -j 0 -x 'site-packages|/test/' "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

FROM base AS deps
ARG UV_DEFAULT_INDEX
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/venv UV_CACHE_DIR=/opt/uv-cache
COPY pyproject.toml .
RUN --mount=type=bind,from=uv,source=/uv,target=/usr/local/bin/uv \
    --mount=type=cache,id=oken-bench-uv,target=/opt/uv-cache \
    --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -e /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi \
 && uv lock -q --no-build && uv sync -q --frozen --no-build --no-dev --no-install-project
RUN python3 -m compileall -q -j 0 /opt/venv/lib

FROM base
COPY --link --from=deps /opt/venv /opt/venv
COPY --link . /app
USER 10001:10001
CMD ["/opt/venv/bin/python", "-m", "uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8080"]
