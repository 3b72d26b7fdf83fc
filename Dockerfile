# syntax=docker/dockerfile:1
# The worker alone: the dependencies of requirements-runtime.lock, checked by hash, and this project, its core compiled.
# Runs without root.

FROM python:3.12.12-slim-bookworm AS wheel
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml setup.py README.md LICENSE ./
COPY streams ./streams
RUN QUEUEPULSE_COMPILE=1 pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .

FROM python:3.12.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/queuepulse
COPY requirements-runtime.lock ./
RUN /opt/queuepulse/bin/pip install --require-hashes -r requirements-runtime.lock
COPY --from=wheel /wheel ./
RUN /opt/queuepulse/bin/pip install --no-deps queuepulse-*.whl

FROM python:3.12.12-slim-bookworm
RUN useradd --system --no-create-home queuepulse
COPY --from=build /opt/queuepulse /opt/queuepulse
ENV PATH=/opt/queuepulse/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /app
USER queuepulse
EXPOSE 8077
ENTRYPOINT ["queuepulse"]
CMD ["worker"]
