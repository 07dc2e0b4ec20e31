#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `build:` by the real buildah, from images of our store, with no registry and no network to one.
. "$(dirname "$0")/lib.sh"
command -v buildah >/dev/null || skip "buildah is not installed"
image busybox

mkdir -p "$T/probe" && cd "$T/probe"
cat >stack.yml <<'YML'
services: {probe: {build: {dockerfile_inline: "FROM example/busybox:1.35\nRUN true\n"}}}
YML
capture stack build
[ "$status" = 0 ] || skip "buildah cannot run on this machine: $(tail -n 1 <<<"$err")"

project shop <<'YML'
services:
  web:
    build:
      context: ./web
      args: {GREETING: hello, UNSAID: }
      labels: {made.by: stack}
      tags: [shop/web:extra]
    restart: "no"
  tool:
    image: shop/tool:1
    build: {context: ./web, dockerfile: Tool, target: first}
    command: [cat, /first]
YML
mkdir web
echo content >web/file
echo ignored >web/secret.txt
echo secret.txt >web/.dockerignore
cat >web/Dockerfile <<'DOCKER'
ARG BASE=busybox
FROM example/$BASE:1.35 AS made
ARG GREETING=none
ARG UNSAID=default
RUN echo "$GREETING $UNSAID" >/greeting && mkdir /work && chown 1000:7 /work
FROM example/busybox:1.35
COPY --from=made /greeting /greeting
COPY . /files
USER 1000
WORKDIR /files
CMD ["sh", "-c", "cat /greeting; ls; pwd; id -u"]
DOCKER
cat >web/Tool <<'DOCKER'
FROM example/busybox:1.35 AS first
RUN echo one >/first
FROM first
RUN exit 7
DOCKER

it "up builds what is missing: ARG, stages, COPY, target, other names"
ok stack up -d
assert_match "what buildah does has the service's name in front" '^web \| .*COPY --from=made' "$err"
assert_match "so has the other" '^tool \| ' "$err"
wait_for 10 "web has ended" sh -c "'$STACK' ps -a --format json | grep -q '\"exited\"'"
assert_eq "what web says" "$(printf '%s\n' 'hello default' Dockerfile Tool file /files 1000)" \
	"$(stack logs --no-log-prefix --no-color web)"
assert_eq "what tool says" one "$(stack logs --no-log-prefix --no-color tool)"
ok stack image ls
assert_match "its name, and the further one" '^shop-web:latest' "$out"
assert_match "its name, and the further one" '^shop/web:extra' "$out"
assert_match "the label" stack "$(skopeo inspect --config "oci:$STACK_ROOT/images:docker.io/library/shop-web:latest" | jq -r '.config.Labels["made.by"]')"

it "what is there is not built again, unless that is asked for"
ok stack up -d
assert_no_match "nothing is built" ' \| ' "$err"
before=$(stack image ls --format json | jq -r '.[] | select(.reference | test("shop-web")) | .id')
echo more >>web/file
ok stack up -d --build
after=$(stack image ls --format json | jq -r '.[] | select(.reference | test("shop-web")) | .id')
[ "$before" != "$after" ] || fail "the image is the same after a file changed"
assert_match "layers that did not change are taken from the cache" 'Using cache' "$err"
assert_eq "web was made from the new image" "$after" "$(jq -r .image_id "$STACK_RUN"/shop/containers/shop-web-1/record.json)"
ok stack down
