# The runner as an image. It uses the host's Docker engine: the data directory must have the same path inside and
# outside, and the runner must reach the agents' addresses, hence the host's network. NET_ADMIN is for the firewall that
# keeps agents from the host.
#
#   make build && docker build --tag oken-runner .
#   docker run --detach --name oken-runner --network host --cap-add NET_ADMIN --restart unless-stopped \
#     --volume /var/run/docker.sock:/var/run/docker.sock --volume /var/lib/oken:/var/lib/oken oken-runner
#
# BASE_IMAGE is any Debian that has docker-cli and docker-buildx: trixie or later. Where a proxy with a certificate of
# its own is on the way to the packages: --secret id=ca,src=/path/to/ca.pem
#
# Whoever can use the socket is root on the host. Let nobody else into this container.
ARG BASE_IMAGE=debian:trixie-slim
FROM ${BASE_IMAGE}

# The secret "ca", if given, is a certificate authority that is trusted while packages are installed.
RUN --mount=type=secret,id=ca,target=/run/secrets/ca,required=false \
  if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; \
    echo 'Acquire::https::CAInfo "/run/secrets/ca";' > /etc/apt/apt.conf.d/90build-ca; fi; \
  apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates docker-buildx docker-cli iproute2 iptables nftables \
  && rm -rf /var/lib/apt/lists/* /etc/apt/apt.conf.d/90build-ca

COPY dist/oken-runner /usr/local/bin/oken-runner

ENV OKEN_DATA_DIR=/var/lib/oken
# The runner's own word on itself, at the address that its settings name.
HEALTHCHECK --interval=30s --timeout=20s --start-period=30s CMD ["oken-runner", "doctor", "runner"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["oken-runner"]
CMD ["serve"]
