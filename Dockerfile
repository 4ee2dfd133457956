# One image for every service: its arguments are those of `makegood` (`serve escalation`, `migrate`).

FROM python:3.11-slim AS build
# The same as in the Makefile.
ARG UV_VERSION=0.13.9
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore uv==${UV_VERSION}
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# What we depend on changes seldom: a layer of its own, made without our code.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-default-groups --no-install-project
COPY README.md LICENSE ./
COPY services services
COPY shared shared
COPY ops ops
# Without the cache: uv would find the package of an earlier build there and take it for this one.
RUN uv sync --locked --no-default-groups --no-editable

FROM python:3.11-slim
# By number, so that Kubernetes can see that it is not root.
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin makegood
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MAKEGOOD_HTTP_HOST=0.0.0.0 \
    MAKEGOOD_HTTP_PORT=8080
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-ISc", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"MAKEGOOD_HTTP_PORT\"]}/health/live', timeout=4)"]
ENTRYPOINT ["makegood"]
CMD ["--help"]
