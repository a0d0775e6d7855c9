# The runner itself, as an image. It drives the host's Docker engine, so the engine must see the same files at
# the same paths, and the runner the agents' addresses:
#
#   make build && docker build --tag oken-runner .
#   docker run --detach --name oken-runner --network host --restart unless-stopped \
#     --volume /var/run/docker.sock:/var/run/docker.sock --volume /var/lib/oken:/var/lib/oken oken-runner
#
# Whoever reaches the socket is root on the host: give this container to nobody else.
ARG BASE_IMAGE=debian:trixie-slim
FROM ${BASE_IMAGE}

# A secret called "ca" is trusted while packages are installed, for mirrors behind a private authority.
RUN --mount=type=secret,id=ca,target=/run/secrets/ca,required=false \
  if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; \
    echo 'Acquire::https::CAInfo "/run/secrets/ca";' > /etc/apt/apt.conf.d/90build-ca; fi; \
  apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates docker-buildx docker-cli \
  && rm -rf /var/lib/apt/lists/* /etc/apt/apt.conf.d/90build-ca

COPY dist/oken-runner /usr/local/bin/oken-runner

ENV OKEN_DATA_DIR=/var/lib/oken
STOPSIGNAL SIGTERM
ENTRYPOINT ["oken-runner"]
CMD ["serve"]
