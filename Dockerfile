# The sandbox in a container: docs/how-to/containers.md says how to build and run it.

FROM python:3.11-slim-trixie AS build
WORKDIR /src
COPY . .
# pip builds the wheel and installs it, with what it needs, into an environment that can be copied as a whole
RUN python -m venv /opt/sandbox && /opt/sandbox/bin/pip install --no-cache-dir .

FROM python:3.11-slim-trixie
COPY --from=build /opt/sandbox /opt/sandbox
RUN install --directory --owner=10001 --group=10001 --mode=0700 /state && install --directory /work
# Other containers and the host reach it by the network, so it listens to all of it; that demands a token, which
# whoever runs it gives: `--env AKTIFY_SANDBOX_TOKEN=…`
ENV PATH=/opt/sandbox/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    AKTIFY_SANDBOX_HOST=0.0.0.0 \
    AKTIFY_SANDBOX_STATE=/state
USER 10001:10001
WORKDIR /work
VOLUME ["/state"]
EXPOSE 8509
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s \
    CMD ["aktify-sandbox", "wait", "--url", "http://127.0.0.1:8509", "--timeout", "2"]
ENTRYPOINT ["aktify-sandbox"]
CMD ["serve"]
