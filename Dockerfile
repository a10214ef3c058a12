# reward-score as images: `score` reads and writes /data, `serve` answers on port 8080.
#
#   npm run pack:all -- packages
#   docker build --target score --tag reward-score:score .
#   docker build --target serve --tag reward-score:serve .
#
# What is installed are the packages that are published, not the checkout.
FROM --platform=$BUILDPLATFORM node:22-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c AS install
ARG TARGETARCH
COPY packages/*.tgz /packages/
# Each is whole, without dependencies. npm would not install the one of another processor than this one; so nothing is emulated, and
# the network is not used.
RUN cpu=${TARGETARCH:?expected BuildKit, which sets it} \
  && if [ "$cpu" = amd64 ]; then cpu=x64; fi \
  && modules=/opt/reward-score/node_modules && mkdir -p "$modules/.bin" \
  && for name in reward-score "reward-score-onnxruntime-linux-$cpu"; do \
    mkdir "$modules/$name" && tar -xzf /packages/"$name"-[0-9]*.tgz -C "$modules/$name" --strip-components=1 || exit 1; \
  done \
  && chmod 755 "$modules/reward-score/bin/reward-score.js" \
  && ln -s ../reward-score/bin/reward-score.js "$modules/.bin/reward-score" \
  && mkdir -p /empty/reward-score /empty/huggingface

FROM node:22-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c AS runtime
COPY --from=install /opt/reward-score /opt/reward-score
# Prepared models and downloads. Mount a volume of user 1000's over it to keep them.
COPY --from=install --chown=1000:1000 /empty /var/cache/reward-score
ENV PATH=/opt/reward-score/node_modules/.bin:$PATH \
  REWARD_SCORE_CACHE=/var/cache/reward-score/reward-score \
  HF_HOME=/var/cache/reward-score/huggingface
USER 1000:1000
WORKDIR /data

FROM runtime AS serve
# Other machines reach it, so that it starts with a secret alone: --env REWARD_SCORE_TOKEN.
ENV REWARD_SCORE_HOST=0.0.0.0 REWARD_SCORE_PORT=8080
EXPOSE 8080
HEALTHCHECK --start-period=60s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.REWARD_SCORE_PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["reward-score", "serve"]

# The last one is what `docker build .` makes.
FROM runtime AS score
ENTRYPOINT ["reward-score"]
