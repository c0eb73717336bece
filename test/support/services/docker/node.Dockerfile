# node:24-bookworm-slim, of a debian:bookworm-slim and of node and npm from the npm registry.
FROM debian:bookworm-slim
RUN cp /usr/share/base-passwd/passwd.master /etc/passwd && cp /usr/share/base-passwd/group.master /etc/group && \
    mkdir -p /root && mkdir -p -m 1777 /tmp && ldconfig && \
    groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY node_modules/node/bin/node /usr/local/bin/node
COPY node_modules/npm /usr/local/lib/node_modules/npm
ARG REGISTRY
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \
    npm config set --location=global registry="$REGISTRY" cafile=/etc/ssl/certs/ca-certificates.crt && \
    printf '#!/bin/sh\nexec "$@"\n' > /usr/local/bin/docker-entrypoint.sh && chmod +x /usr/local/bin/docker-entrypoint.sh
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["node"]
