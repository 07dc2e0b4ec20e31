#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `build:` by the real buildah, from images of our store, with no registry and no network to one.
. "$(dirname "$0")/lib.sh"
command -v buildah >/dev/null || skip "buildah is not installed"
image busybox

# Without us: what this machine does not let buildah do is not our failure.
mkdir -p "$T/probe"
printf 'FROM scratch\nCOPY busybox /busybox\nRUN ["/busybox", "true"]\n' >"$T/probe/Dockerfile"
cp "$(command -v busybox)" "$T/probe/"
capture buildah --root "$T/probe/storage" --runroot "$T/probe/state" --storage-driver vfs \
	build --isolation chroot "$T/probe"
[ "$status" = 0 ] || skip "buildah cannot run on this machine: $(tail -n 1 <<<"$err")"
rm -rf "$T/probe"

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

it "layers that the base image has are neither copied nor stored twice"
layer() { skopeo inspect --raw "oci:$STACK_ROOT/images:$1" | jq -r '.layers[0].digest'; }
assert_eq "the lowest layer" "$(layer docker.io/example/busybox:1.35)" "$(layer docker.io/library/shop-web:latest)"
skopeo copy -q "oci:$STACK_ROOT/images:docker.io/library/shop-web:latest" "dir:$T/whole" || fail "the image is not whole"
ok stack image save --compression gzip -o "$T/packed.tar" example/busybox:1.35
ok stack down
ok stack image prune -a -f
ok stack image import -q "$T/packed.tar"
ok stack build -q
assert_eq "the lowest layer, compressed" "$(layer docker.io/example/busybox:1.35)" "$(layer docker.io/shop/tool:1)"
assert_match "that is it" gzip "$(skopeo inspect --raw "oci:$STACK_ROOT/images:docker.io/shop/tool:1" | jq -r '.layers[0].mediaType')"
skopeo copy -q "oci:$STACK_ROOT/images:docker.io/shop/tool:1" "dir:$T/whole-too" || fail "the image is not whole"

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

it "no network, no registry: secrets, an inline Dockerfile, other contexts, hosts, limits"
mkdir -p more && echo more >more/thing
echo s3cr3t-token >token.txt
cat >stack.yml <<'YML'
services:
  a:
    image: made/a:1
    command: [cat, /seen]
    build:
      network: none
      dockerfile_inline: |
        FROM example/busybox:1.35
        COPY --from=extra thing /thing
        RUN --mount=type=secret,id=token --mount=type=secret,id=plain \
            cat /run/secrets/token /run/secrets/plain /thing >/seen && \
            grep -c other /etc/hosts >>/seen && ulimit -n >>/seen && \
            ls /sys/class/net >/dev/null && ! wget -q -T 1 -O - http://198.51.100.1/ 2>/dev/null
      secrets: [token, {source: text, target: plain}]
      additional_contexts: {extra: ./more}
      extra_hosts: ["other:192.0.2.7"]
      ulimits: {nofile: {soft: 123, hard: 456}}
  b:
    command: [cat, /seen, /own]
    build:
      dockerfile_inline: |
        FROM base
        RUN echo own >/own
      additional_contexts: {base: "service:a"}
  c:
    command: [cat, /seen, /own]
    build:
      dockerfile_inline: |
        FROM made/a:1
        RUN echo c >/own
secrets: {token: {file: ./token.txt}, text: {content: "in the file\n"}}
YML
ok stack build
ok stack run --rm a
assert_eq "what RUN saw" "$(printf '%s\n' s3cr3t-token 'in the file' more 1 123)" "$(tr -d '\r' <<<"$out")"
ok stack run --rm b
assert_match "an image made from another service's" '^own' "$out"
ok stack run --rm c
assert_match "by its name, too" '^c' "$out"
ok stack down
assert_eq "files that have the secret, but for the one RUN wrote" "" \
	"$(grep -rl s3cr3t-token "$STACK_ROOT/build" "$STACK_RUN" | grep -v '/seen$' || :)"

it "--build-arg, --no-cache and -q"
cat >stack.yml <<'YML'
services:
  a: {build: {dockerfile_inline: "FROM example/busybox:1.35\nARG X=1\nRUN echo x=$$X >/x\n", args: {X: 2}}, command: [cat, /x]}
  b: {build: {dockerfile_inline: "FROM example/busybox:1.35\nARG X=1\nRUN echo x=$$X >/x\n", args: {X: 2}}, command: [cat, /x]}
YML
ok stack build --build-arg X=3 -q
assert_eq "what a quiet build says" "" "$out$err"
ok stack run --rm b
assert_match "the argument of the command line" 'x=3' "$out"
assert_eq "services with one build have one image" 1 \
	"$(stack image ls --format json | jq -r '[.[] | select(.reference | test("shop-[ab]:")) | .id] | unique | length')"
ok stack build --no-cache a
assert_no_match "without it" 'Using cache' "$err"
ok stack down

it "pull_policy: build builds on every up"
cat >stack.yml <<'YML'
services: {a: {build: {dockerfile_inline: "FROM example/busybox:1.35\n"}, pull_policy: build, command: [sleep, "100"], stop_grace_period: 0s}}
YML
ok stack up -d
ok stack up -d
assert_match "the second up" '^a \| ' "$err"
ok stack up -d --no-build
assert_no_match "unless told not to" '^a \| ' "$err"
ok stack down

it "what fails is told with the service and the step, and nothing comes up"
cat >stack.yml <<'YML'
services:
  good: {image: "example/busybox:1.35", command: [sleep, "100"]}
  bad: {build: {dockerfile_inline: "FROM example/busybox:1.35\nRUN echo on the way; exit 7\n"}}
YML
# Once in some hundred times buildah loses what a RUN says right before it ends.
fails_with_output() { # COMMAND…
	for _ in 1 2 3; do
		fails 1 "$@"
		! grep -q '^bad | on the way' <<<"$err" || break
	done
	assert_match "its output" '^bad \| on the way' "$err"
}
fails_with_output stack up -d
assert_match "the service and the step" "^stack: service 'bad': the build failed: .*RUN echo on the way; exit 7.*7" "$err"
assert_eq "containers" "[]" "$(stack ps -a --format json 2>/dev/null | jq -cs flatten)"
fails_with_output stack build -q # quiet, but not about this
built_with() { # BUILD, in YAML
	printf 'services: {a: {build: %s}}\nsecrets: {gone: {file: ./gone.txt}}\n' "$1" >stack.yml
}
mkdir empty
built_with ./empty
fails 1 stack build
assert_match "no Dockerfile" "no Dockerfile '.*/empty/Dockerfile'" "$err"
built_with ./nowhere
fails 1 stack build
assert_match "no context" "service 'a': context '.*/nowhere': No such file" "$err"
built_with '{context: ./web, additional_contexts: {x: ./nowhere}}'
fails 1 stack build
assert_match "no additional context" "service 'a': additional context '.*/nowhere': No such file" "$err"
built_with '{context: ./web, secrets: [gone]}'
fails 1 stack build
assert_match "no secret" "^stack: service 'a': secret 'gone': '.*/gone.txt': No such file" "$err"
built_with '{context: ./web, ssh: [default]}'
fails 1 env -u SSH_AUTH_SOCK "$STACK" build
assert_match "no agent" "service 'a': ssh 'default' is your agent, and SSH_AUTH_SOCK" "$err"
built_with '{context: ./web, ssh: {x: ./nokey}}'
fails 1 stack build
assert_match "no key" "service 'a': ssh 'x': '.*/nokey': No such file" "$err"
built_with '{dockerfile_inline: "FROM example/busybox:1.35\nRUNN echo\n"}'
fails 1 stack build
assert_match "an instruction that is none" "^stack: service 'a': .*Unknown instruction: .?\"RUNN\"\$" "$err"
built_with '{dockerfile_inline: "FROM example/busybox:1.35\nARG A\n", shm_size: 64m, args: [UNSET_ARGUMENT]}'
ok env BUILDAH_ISOLATION=chroot "$STACK" build
assert_match "what has no effect in a chroot" "note: service 'a': 'build.shm_size' has no effect" "$err"
fails 1 env PATH=/nowhere "$STACK" build
assert_match "no buildah" "install the package 'buildah'" "$err"

it "a full disk is told, and is not full afterwards"
mkdir "$T/small"
mount -t tmpfs -o size=24m tmpfs "$T/small"
STACK_ROOT=$T/small image busybox
built_with '{dockerfile_inline: "FROM example/busybox:1.35\nRUN head -c 40000000 /dev/zero >/big\n"}'
fails 1 stack --root "$T/small" build
built_with '{dockerfile_inline: "FROM example/busybox:1.35\nRUN head -c 9000000 /dev/urandom >/big\n"}'
fails 1 stack --root "$T/small" build
assert_match "why" "no space left on device" "$(tail -n 1 <<<"$err")"
built_with '{dockerfile_inline: "FROM example/busybox:1.35\nRUN echo small >/big\n"}'
ok stack --root "$T/small" build
umount "$T/small"

it "two builds of one service at once both succeed"
built_with '{dockerfile_inline: "FROM example/busybox:1.35\nRUN echo one >/one\nRUN echo two >/two\n"}'
"$STACK" build --no-cache >"$T/other.log" 2>&1 &
ok stack build --no-cache
wait $! || fail "the other one failed: $(tail -n 3 "$T/other.log")"
assert_eq "what they leave" "" "$(ls "$STACK_ROOT/build/work")"

it "Ctrl-C ends it at once and leaves nothing half-made"
cat >stack.yml <<'YML'
services: {z: {build: {dockerfile_inline: "FROM example/busybox:1.35\nRUN echo begun; sleep 4321\n"}}}
YML
temporary=$(ls /var/tmp | grep buildah || :)
for signal in INT KILL; do
	"$STACK" build >"$T/build.log" 2>&1 &
	pid=$!
	wait_for 20 "the step begins" grep -q 'z | begun' "$T/build.log"
	kill -$signal $pid
	{ wait $pid; } 2>/dev/null || :
	wait_for 5 "all its processes are gone" sh -c '! pgrep -f "[s]leep 4321"'
done
assert_no_match "images" 'shop-z' "$(stack image ls)"
assert_eq "what buildah leaves outside of the store" "$temporary" "$(ls /var/tmp | grep buildah || :)"
ok stack image prune -a -f --build-cache
[ ! -e "$STACK_ROOT/build/storage" ] || fail "the build cache is still there"
