# Stages of their own for the gateway, the stand-in for the legacy backend, nginx, and the counter of its log.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG DEBIAN_IMAGE=debian:bookworm-20251229-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The package `node` is for machines with an older one; its script would fetch it once more.
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM packages AS production-packages
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM packages AS build
COPY . .
RUN node gateway/dashboard/build.ts \
  && rm -r gateway/dashboard/client gateway/dashboard/build.ts

# What runs has no package manager and nothing of its own is writable but /state and /rendered.
FROM ${NODE_IMAGE} AS node-runtime
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
    /usr/local/bin/yarn /usr/local/bin/yarnpkg \
  && install -d -o node -g node /state /rendered
WORKDIR /app
USER 1000:1000

FROM node-runtime AS stand-in
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY tests/support/legacy tests/support/legacy
EXPOSE 3000
CMD ["node", "tests/support/legacy/main.ts"]

FROM ${DEBIAN_IMAGE} AS nginx
RUN apt-get update \
  && apt-get install -y --no-install-recommends nginx ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o www-data -g www-data /var/log/last-resort
USER 33:33
STOPSIGNAL SIGQUIT
EXPOSE 8443 8000
CMD ["nginx", "-e", "stderr", "-c", "/rendered/nginx.conf", "-p", "/tmp"]

FROM ${DEBIAN_IMAGE} AS nginx-log
RUN apt-get update \
  && apt-get install -y --no-install-recommends mtail \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o www-data -g www-data /var/log/last-resort
COPY deploy/mtail/last-resort.mtail /etc/mtail/
USER 33:33
EXPOSE 3903
CMD ["mtail", "-progs", "/etc/mtail", "-logs", "/var/log/last-resort/access.log", "-logtostderr"]

# Last, so that it is what `docker build .` makes.
FROM node-runtime AS gateway
ENV NODE_ENV=production ADMIN_HOST=127.0.0.1 ADMIN_PORT=8081 STATE_DIR=/state
COPY --from=production-packages /app/node_modules node_modules
COPY package.json routing.config.json routing.config.schema.json ./
COPY nginx nginx
COPY services services
COPY --from=build /app/gateway gateway
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://' + process.env.ADMIN_HOST + ':' + process.env.ADMIN_PORT + '/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=24", "gateway/main.ts"]
