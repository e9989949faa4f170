# Builds and runs `lotse`. Whether it is ready (database, migrations) says GET /readyz, whether it lives GET /healthz;
# docker-compose.yml asks /readyz. Builder and runtime are of one Debian release, so that both speak the same libc.

FROM rust:1.95-slim-trixie AS build
# libpq, OpenSSL and SQLite are built along: this needs a C compiler, make and perl.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev make perl pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked \
 && cp target/release/lotse /usr/local/bin/lotse

FROM debian:trixie-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 8115 lotse \
 && useradd --uid 8115 --gid 8115 --no-log-init --no-create-home --home-dir /var/lib/lotse --shell /usr/sbin/nologin lotse \
 && install --directory --owner=lotse --group=lotse --mode=0750 /var/lib/lotse
COPY --from=build /usr/local/bin/lotse /usr/local/bin/lotse
COPY LICENSE /usr/share/doc/lotse/LICENSE
ENV LOTSE__SERVER__LISTEN=0.0.0.0:8115 \
    LOTSE__DATABASE__URL=sqlite:///var/lib/lotse/lotse.db
USER 8115:8115
WORKDIR /var/lib/lotse
VOLUME /var/lib/lotse
EXPOSE 8115
ENTRYPOINT ["lotse"]
CMD ["serve"]
