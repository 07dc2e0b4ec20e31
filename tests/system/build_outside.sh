#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a build takes from outside and leaves there: layers in a registry, an ssh agent, a key.
. "$(dirname "$0")/lib.sh"

for tool in buildah docker-registry curl ssh-agent ssh-add ssh-keygen; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
export HOME=$T/home
mkdir -p "$HOME" /etc/containers # where nothing is installed that has it
mount -t tmpfs tmpfs /etc/containers
mkdir /etc/containers/registries.conf.d
printf '[[registry]]\nlocation = "127.0.0.1:5000"\ninsecure = true\n' >/etc/containers/registries.conf.d/tests.conf
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
registry 5000 registry 'http: {addr: 127.0.0.1:5000}'
image busybox

tags_of() { # REPOSITORY
	curl -sf "http://127.0.0.1:5000/v2/$1/tags/list" | jq '.tags | length'
}
forget_builds() {
	ok stack image prune -a -f --build-cache
	[ ! -e "$STACK_ROOT/build/storage" ] || fail "the build cache is still there"
	image busybox
}
made() { # what the two steps of the image wrote
	ok stack up -d
	inside a cat /one /two
	ok stack down -t 0
}

project outside </dev/null
building() { # ATTRIBUTES, in flow style
	cat >stack.yml <<YML
services:
  a:
    command: [sleep, "1000"]
    stop_grace_period: 0s
    build:
      dockerfile_inline: |
        FROM example/busybox:1.35
        RUN date +%s.%N >/one
        RUN date +%s.%N >/two
      $1
YML
}

it "layers go to a registry, and another host takes them from there"
building 'cache_to: ["type=registry,ref=127.0.0.1:5000/cache/a,mode=max"]'
ok stack build
assert_match "what it does" 'Pushing cache 127.0.0.1:5000/cache/a:' "$err"
assert_eq "layers in the registry" 2 "$(tags_of cache/a)"
first=$(made)
forget_builds
building 'cache_from: ["127.0.0.1:5000/cache/a:any", "type=local,src=/nowhere"]'
ok stack build
assert_match "what has no effect" "'type=local,src=/nowhere' has no effect" "$err"
assert_match "what it does" 'Cache pulled from remote 127.0.0.1:5000/cache/a:' "$err"
assert_eq "the same layers" "$first" "$(made 2>/dev/null)"
ok stack build --no-cache
[ "$(made 2>/dev/null)" != "$first" ] || fail "--no-cache took them from there"

it "a registry that is not there: nothing to take is no failure, nowhere to leave is one"
building 'cache_from: ["type=registry,ref=127.0.0.1:5001/cache/a"]'
ok stack build
building 'cache_to: ["type=registry,ref=127.0.0.1:5001/cache/a"]'
fails 1 stack build
assert_match "says where" "^stack: service 'a': the build failed: failed pushing cache to .*127.0.0.1:5001.*cache/a" "$err"

# The image has no ssh-add: the host's is lent, with its libraries.
SSH_ADD=$(realpath "$(command -v ssh-add)")
LOADER=$(ldd "$SSH_ADD" | awk '$1 ~ /\/ld-/ { print $1 }')
mkdir lent
cp "$SSH_ADD" lent/ssh-add
cp "$(realpath "$LOADER")" lent/loader
ldd "$SSH_ADD" | awk '$3 ~ /^\// { print $3 }' | xargs -I{} cp -L {} lent/
asking() { # SSH-ATTRIBUTE ID
	cat >stack.yml <<YML
services:
  a:
    build:
      dockerfile_inline: |
        FROM example/busybox:1.35
        RUN --mount=type=bind,from=lent,target=/lent --mount=type=ssh,id=$2 \\
            /lent/loader --library-path /lent /lent/ssh-add -L >/keys
        RUN [ -z "\$\${SSH_AUTH_SOCK-}" ] && [ ! -e /run/buildkit/ssh_agent.0 ]
      additional_contexts: {lent: ./lent}
      ssh: $1
YML
}

keys_used() { # whose of the two the step could use
	local whose keys
	keys=$(stack run --rm -T a cat /keys 2>"$T/run.err")
	for whose in agent file; do
		! grep -qF -- "$(cut -d' ' -f2 "$T/$whose-key.pub")" <<<"$keys" || echo $whose
	done
}

it "ssh: the agent's keys can be used, by the step that asks for them"
ssh-keygen -q -t ed25519 -N '' -f "$T/agent-key"
ssh-keygen -q -t ed25519 -N '' -f "$T/file-key"
background ssh-agent -D -a "$T/agent.sock" >/dev/null
wait_for 5 "the agent listens" test -S "$T/agent.sock"
SSH_AUTH_SOCK=$T/agent.sock ok ssh-add -q "$T/agent-key"
asking '[default]' default
SSH_AUTH_SOCK=$T/agent.sock ok stack build --no-cache
assert_eq "whose" agent "$(keys_used)"

it "ssh: a socket or a key that the file names"
asking "{deploy: $T/agent.sock}" deploy
ok stack build --no-cache
assert_eq "whose" agent "$(keys_used)"
asking "{deploy: $T/file-key}" deploy
ok stack build --no-cache
assert_eq "whose" file "$(keys_used)"

it "no key stays in what is built or kept for the next build"
secret=$(sed -n 2p "$T/file-key")
! grep -rqF -- "$secret" "$STACK_ROOT" || fail "the private key is in $(grep -rlF -- "$secret" "$STACK_ROOT")"
ok stack image rm outside-a
forget_builds
umount /etc/containers
