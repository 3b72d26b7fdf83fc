# syntax=docker/dockerfile:1
# The worker alone: the dependencies of requirements-runtime.lock, checked by hash, and this project. Runs without root.

FROM python:3.12.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/queuepulse
COPY requirements-runtime.lock ./
RUN /opt/queuepulse/bin/pip install --require-hashes -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY streams ./streams
RUN /opt/queuepulse/bin/pip install --no-deps .

FROM python:3.12.12-slim-bookworm
RUN useradd --system --no-create-home queuepulse
COPY --from=build /opt/queuepulse /opt/queuepulse
ENV PATH=/opt/queuepulse/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /app
USER queuepulse
EXPOSE 8077
ENTRYPOINT ["queuepulse"]
CMD ["worker"]
