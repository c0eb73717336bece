# prom/prometheus, of a debian:bookworm-slim and of Debian's Prometheus.
FROM debian:bookworm-slim
RUN cp /usr/share/base-passwd/passwd.master /etc/passwd && cp /usr/share/base-passwd/group.master /etc/group && \
    mkdir -p -m 1777 /tmp && mkdir -p /etc/prometheus /prometheus && chown nobody:nogroup /prometheus
COPY prometheus /bin/prometheus
USER nobody
EXPOSE 9090
VOLUME /prometheus
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
