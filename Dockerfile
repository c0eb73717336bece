# Node 24 is the newest with long-term support that the tests run on.
FROM node:24-bookworm-slim AS build
WORKDIR /robustmq
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
COPY --from=build /robustmq/package.json /opt/robustmq/package.json
COPY --from=build /robustmq/node_modules /opt/robustmq/node_modules
COPY --from=build /robustmq/dist /opt/robustmq/dist
RUN mkdir -p /etc/robustmq /var/lib/robustmq && chown node:node /var/lib/robustmq && \
    ln -s /opt/robustmq/dist/cli/main.js /usr/local/bin/robust-ctl && \
    ln -s /opt/robustmq/dist/server/main.js /usr/local/bin/robust-server && \
    chmod +x /opt/robustmq/dist/cli/main.js /opt/robustmq/dist/server/main.js
ENV NODE_ENV=production \
    ROBUSTMQ__DATA=/var/lib/robustmq \
    ROBUSTMQ__HTTP__HOST=0.0.0.0
# robustmq.yaml is read from here where it is mounted.
WORKDIR /etc/robustmq
USER node
VOLUME /var/lib/robustmq
EXPOSE 1883 8083 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ROBUSTMQ__HTTP__PORT ?? 8080}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
# Node itself is the first process, so that signals reach the broker.
CMD ["node", "/opt/robustmq/dist/server/main.js", "start"]
