#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Images from registries: Debian's docker-registry, plain, with TLS, passwords and tokens, and one of
# our own that does everything wrong (registry_mock.py).  Nothing outside of this test is asked.
. "$(dirname "$0")/lib.sh"

for tool in docker-registry skopeo htpasswd openssl python3; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
export HOME=$T/home XDG_RUNTIME_DIR=$T/home/run STACK_REGISTRIES_CONF=$T/registries.conf
unset DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_CONFIG_HOME
mkdir -p "$XDG_RUNTIME_DIR"
: >"$STACK_REGISTRIES_CONF"
R=127.0.0.1:5000

# --- images, in a registry and out of it -------------------------------------------------------

push() { # NAME [SKOPEO OPTION...]: the example image, to the plain registry
	skopeo --insecure-policy copy -q --dest-tls-verify=false "${@:2}" \
		"oci:$STACK_ROOT/images:docker.io/example/busybox:1.35" "docker://$R/$1"
}

# variant NAME WORD: an image with one layer of its own more than nothing
variant() {
	mkdir -p "$T/rootfs/bin"
	cp "$(command -v busybox)" "$T/rootfs/bin/sh"
	echo "$2" >"$T/rootfs/word"
	ok stack image import -c 'CMD ["/bin/sh", "-c", "trap exit TERM; cat /word; while :; do sleep 1 & wait; done"]' \
		"$T/rootfs" "local/variant:$2"
	skopeo --insecure-policy copy -q --dest-tls-verify=false \
		"oci:$STACK_ROOT/images:docker.io/local/variant:$2" "docker://$R/$1"
	ok stack image rm "local/variant:$2"
}

id_of() {
	stack image ls --format json | jq -r --arg r "$1" '.[] | select(.reference == $r) | .id'
}

blobs_are_right() {
	local blob
	for blob in "$STACK_ROOT"/images/blobs/sha256/*; do
		assert_eq "the digest of $blob" "$(basename "$blob")" "$(sha256sum <"$blob" | cut -d' ' -f1)"
	done
	assert_eq "downloads that are left" "" "$(ls "$STACK_ROOT/images/pull")"
}

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tests -addext 'subjectAltName=IP:127.0.0.1' \
	-keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
htpasswd -Bbn user secret >"$T/htpasswd" 2>/dev/null
registry 5000 registry 'http: {addr: 127.0.0.1:5000}'

# --- what it is for ----------------------------------------------------------------------------

it "pulls what a stack needs, and nothing twice"
push app:1
push schema2:1 --format v2s2
project shop <<YML
services:
  web: {image: $R/app:1, command: sleep 1000, init: true}
  again: {image: $R/app:1, command: sleep 1000, init: true}
  old: {image: $R/schema2:1, command: sleep 1000, init: true}
YML
fails 1 stack up -d --pull never
assert_match "the sentence" "no image '$R/app:1' in the store.*stack image pull" "$err"
ok stack up -d --wait
assert_match "what is said" "image +$R/app:1  pulled" "$err"
assert_eq "state" running "$(ps_field web .state)"
skopeo inspect "oci:$STACK_ROOT/images:$R/app:1" >/dev/null || fail "skopeo does not read the store"
count=$(grep -c 'GET /v2' "$T/registry-5000.log")
ok stack up -d --wait
assert_eq "requests of a second up" "$count" "$(grep -c 'GET /v2' "$T/registry-5000.log")"
ok stack pull
assert_match "an image that is the same" "$R/app:1  current" "$err"
ok stack --progress json pull web
assert_eq "events" current "$(jq -r 'select(.event == "image").action' <<<"$err")"
fails 1 stack pull nobody
assert_match "an unknown service" "no such service|no service" "$err"
ok stack down
blobs_are_right

it "replaces a service whose tag means another image now"
variant tag:1 one
project tagged <<YML
services:
  web: {image: $R/tag:1}
YML
ok stack up -d --wait
wait_for 5 "the first image runs" log_like one web
variant tag:1 two
ok stack up -d --wait
log_like two web && fail "a tag was looked at although the image is there"
ok stack up -d --wait --pull always
wait_for 5 "the second image runs" log_like two web
ok stack run --rm --pull missing -T web /bin/sh -c 'echo ran'
assert_eq "run" ran "$out"
ok stack down

it "asks again as often as the policy says, and goes on without an answer where one image will do"
for policy in daily always; do
	project "$policy" <<YML
services:
  web: {image: $R/tag:1, pull_policy: $policy}
YML
done
stop_registry() {
	kill "${BACKGROUND[0]}"
	wait "${BACKGROUND[0]}" || :
	unset 'BACKGROUND[0]'
	BACKGROUND=("${BACKGROUND[@]}")
}
stop_registry
cd "$T/daily"
ok stack up -d
assert_no_match "a young image" "pull" "$err"
file=$STACK_ROOT/images/stack/$(id_of "$R/tag:1" | cut -d: -f2).json
touch -d '2 days ago' "$file"
ok stack up -d
assert_match "an old image" "stack: pull '$R/tag:1': registry .*, ignoring" "$err"
ok stack down
cd "$T/always"
fails 1 stack up -d
assert_match "no registry" "stack: pull '$R/tag:1': registry '127.0.0.1:5000': .*[Cc]onnect" "$err"
ok stack pull --ignore-pull-failures
fails 1 stack image pull --retry 0 "$R/tag:1"
registry 5000 registry 'http: {addr: 127.0.0.1:5000}'
cd "$T/daily"
ok stack up -d
assert_match "an old image" "$R/tag:1  current" "$err"
ok stack up -d
assert_no_match "one that was just looked at" current "$err"
ok stack down

it "takes digests at their word and the platform that is asked for"
variant tag:1 three
pinned=$(skopeo inspect --tls-verify=false "docker://$R/tag:1" | jq -r .Digest)
variant tag:1 four
ok stack image pull "$R/tag@$pinned"
assert_eq "its id" "$pinned" "$(id_of "$R/tag@$pinned")"
ok stack image pull "$R/tag@$pinned"
assert_match "once more" current "$err"
fails 1 stack image pull "$R/tag@sha256:$(printf '0%.0s' {1..64})"
assert_match "a digest that is not there" "does not have it" "$err"
manifest() { skopeo inspect --raw --tls-verify=false "docker://$R/$1"; }
list='{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
for entry in amd64/ arm64/v8 pdp11/; do
	variant "index:${entry%/*}" "${entry%/*}"
	manifest "index:${entry%/*}" >"$T/one.json"
	list=$(jq -c --arg a "${entry%/*}" --arg v "${entry#*/}" --arg d "sha256:$(sha256sum <"$T/one.json" | cut -d' ' -f1)" \
		--argjson s "$(stat -c %s "$T/one.json")" \
		'.manifests += [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s,
			platform: ({os: "linux", architecture: $a} + if $v == "" then {} else {variant: $v} end)}]' <<<"$list")
done
curl -sSf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' -d "$list" "http://$R/v2/index/manifests/all"
fails 1 stack image pull --platform linux/s390x "$R/index:all"
assert_match "no such platform" "not for linux/s390x \(there is linux/amd64, linux/arm64/v8, linux/pdp11\)" "$err"
ok stack image pull --platform linux/arm64 "$R/index:all"
assert_eq "the one for arm64" "sha256:$(manifest index:arm64 | sha256sum | cut -d' ' -f1)" "$(id_of "$R/index:all")"
ok stack image pull "$R/index:all"
assert_eq "the one for this machine" "sha256:$(manifest "index:$(dpkg --print-architecture)" | sha256sum | cut -d' ' -f1)" \
	"$(id_of "$R/index:all")"
index=$(skopeo inspect --raw --tls-verify=false "docker://$R/index:all" | sha256sum | cut -d' ' -f1)
ok stack image pull "$R/index@sha256:$index"
ok stack image rm "$R/index@sha256:$index" "$R/index:all" "$R/tag@$pinned"

it "ten at once load every blob once"
ok stack image rm "$R/tag:1" "$R/app:1" "$R/schema2:1"
from=$(stat -c %s "$T/registry-5000.log")
pids=()
for i in {1..10}; do
	stack image pull "$R/tag:1" "$R/app:1" >"$T/ten-$i" 2>&1 &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid" || fail "one of ten failed: $(cat "$T"/ten-*)"
done
layers=$(for name in tag:1 app:1; do manifest $name | jq -r '.layers[].digest'; done | sort -u | wc -l)
assert_eq "layers that were loaded" "$layers" \
	"$(tail -c "+$from" "$T/registry-5000.log" | grep -cE '"GET /v2/[a-z]+/blobs/sha256:[0-9a-f]+ HTTP/1.1" 200 [0-9]{5,}')"
blobs_are_right

it "goes on where it was interrupted"
head -c 20000000 /dev/urandom >"$T/rootfs/noise"
variant big:1 big
rm "$T/rootfs/noise"
background python3 "$LIB_DIR/token_server.py" relay 5010 5000 5000000 "$T/gate"
wait_for 5 "the relay listens" nc -z 127.0.0.1 5010
background env --default-signal=INT "$STACK" image pull 127.0.0.1:5010/big:1 >"$T/interrupted" 2>&1
pulling=$!
part_is_there() { [ "$(stat -c %s "$STACK_ROOT"/images/pull/*.part 2>/dev/null)" -gt 4000000 ]; }
wait_for 10 "a part has come" part_is_there
kill -INT $pulling
wait $pulling && fail "it ended well"
processes_of_pull() { pgrep -x stack-image; }
wait_for 5 "all of it is gone" eval '! processes_of_pull'
assert_eq "an image of the half" "" "$(id_of 127.0.0.1:5010/big:1)"
size=$(stat -c %s "$STACK_ROOT"/images/pull/*.part)
touch "$T/gate"
ok stack image pull --progress json 127.0.0.1:5010/big:1
assert_between "the first event" "$size" 20100000 \
	"$(jq -s 'map(select(.event == "layer")) | map(.bytes) | map(select(. > 0)) | min' <<<"$err")"
blobs_are_right

it "unpacks the layers that have come while others still come"
head -c 20000000 /dev/urandom >"$T/noise-file"
on_top() { # IMAGE FILE NAME: an image with FILE above IMAGE
	project noise <<YML
services:
  one: {image: $1, command: sleep 1000, init: true}
YML
	ok stack up -d
	ok stack cp "$2" one:/
	ok stack commit one "local/$3"
	ok stack down
	skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$STACK_ROOT/images:docker.io/local/$3" "docker://$R/$3"
}
on_top "$R/app:1" "$T/noise-file" noise:1
on_top local/noise:1 "$T/cert.pem" noise:2
background python3 "$LIB_DIR/token_server.py" relay 5011 5000 5000000 "$T/gate-early"
wait_for 5 "the relay listens" nc -z 127.0.0.1 5011
early() { find "$T/early/layers" -maxdepth 3 -path "*/$1*/bin/busybox" 2>/dev/null; }
for signal in INT KILL; do
	background env --default-signal=INT STACK_ROOT="$T/early" "$STACK" image pull 127.0.0.1:5011/noise:1 >"$T/early.log" 2>&1
	pulling=$!
	wait_for 10 "the first layer is unpacked" eval '[ -n "$(early .early-)" ]'
	[ -n "$(find "$T/early/images/pull" -name '*.part')" ] || fail "the second layer is there already"
	kill -$signal $pulling
	status=0
	wait $pulling || status=$?
	assert_eq "status of one ended by $signal: $(cat "$T/early.log")" $((128 + $(kill -l $signal))) $status
	[ $signal = KILL ] || assert_eq "what an interrupted one leaves" "" "$(ls -A "$T/early/layers")"
	assert_no_match "what is said" stack: "$(cat "$T/early.log")"
	wait_for 5 "all of it is gone" eval '! processes_of_pull'
done
touch "$T/gate-early"
STACK_ROOT=$T/early ok stack image pull 127.0.0.1:5011/noise:1
assert_eq "what is left of the dead one" "" "$(early .early-)"
cmp "$T/noise-file" "$T"/early/layers/*/noise-file || fail "the second layer is another"

it "does not read again what the store has"
blob=$(find "$T/early/images/blobs" -size +10M)
printf 'damaged' | dd of="$blob" bs=1 seek=10000000 conv=notrunc 2>/dev/null
STACK_ROOT=$T/early ok stack image pull "$R/noise:2" # who read it would say so
STACK_ROOT=$T/early ok stack image ls --format json
assert_between "its size" 20000000 29000000 "$(jq '.[] | select(.reference | test("noise:2")).size' <<<"$out")"
rm -r "$T/early"

# --- who one is ---------------------------------------------------------------------------------

it "speaks TLS with a registry whose certificate is in certs.d, and no other"
registry 5001 registry "http: {addr: 127.0.0.1:5001, tls: {certificate: $T/cert.pem, key: $T/key.pem}}"
fails 1 stack image pull --retry 0 127.0.0.1:5001/app:1
assert_match "a certificate of nobody" "[Cc]ertificate|issuer" "$err"
mkdir -p /etc/docker # where no registry is installed it may not be there
mount -t tmpfs tmpfs /etc/docker
mkdir -p /etc/docker/certs.d/127.0.0.1:5001
cp "$T/cert.pem" /etc/docker/certs.d/127.0.0.1:5001/ca.crt
ok stack image pull 127.0.0.1:5001/app:1
umount /etc/docker
printf '[[registry]]\nlocation = "127.0.0.1:5001"\ninsecure = true\n' >"$STACK_REGISTRIES_CONF"
ok stack image pull 127.0.0.1:5001/app:1
: >"$STACK_REGISTRIES_CONF"

it "keeps a password once it was found to be right"
registry 5002 registry 'http: {addr: 127.0.0.1:5002}' "auth: {htpasswd: {realm: tests, path: $T/htpasswd}}"
fails 1 stack image pull 127.0.0.1:5002/app:1
assert_match "without one" "wants a password; 'stack login 127.0.0.1:5002'" "$err"
fails 1 stack login -u user -p wrong 127.0.0.1:5002
assert_match "a wrong one" "does not take this user and password" "$err"
assert_eq "files" "" "$(find "$HOME" -type f)"
mkdir -p "$HOME/.docker"
echo '{"auths": {"other.example": {"auth": "YTpi"}}, "detachKeys": "ctrl-x"}' >"$HOME/.docker/config.json"
status=0
printf 'secret\n' | stack login -u user --password-stdin 127.0.0.1:5002 >"$T/out" 2>&1 || status=$?
assert_eq "login: $(cat "$T/out")" 0 $status
assert_eq "the file's mode" 600 "$(stat -c %a "$HOME/.docker/config.json")"
assert_eq "what is in it" 'a:b ctrl-x user:secret' "$(jq -r '[(.auths["other.example"].auth | @base64d), .detachKeys,
	(.auths["127.0.0.1:5002"].auth | @base64d)] | join(" ")' "$HOME/.docker/config.json")"
ok stack image pull 127.0.0.1:5002/app:1
skopeo inspect --tls-verify=false --authfile "$HOME/.docker/config.json" docker://127.0.0.1:5002/app:1 >/dev/null ||
	fail "skopeo does not read the password"
ok stack logout 127.0.0.1:5002
fails 1 stack image pull 127.0.0.1:5002/app:1
fails 1 stack logout 127.0.0.1:5002
assert_match "nobody" "nobody is logged in" "$err"
skopeo login --tls-verify=false -u user -p secret 127.0.0.1:5002 >/dev/null # podman's file
ok stack image pull 127.0.0.1:5002/app:1
rm -r "$XDG_RUNTIME_DIR/containers"

it "asks credential helpers"
mkdir "$T/helpers"
cat >"$T/helpers/docker-credential-tests" <<SH
#!/bin/sh
read -r registry
echo "\$1 \$registry" >>$T/helpers/log
case \$1 in
get) echo '{"ServerURL":"x","Username":"user","Secret":"secret"}' ;;
esac
SH
chmod 755 "$T/helpers/docker-credential-tests"
echo '{"credHelpers": {"127.0.0.1:5002": "tests"}}' >"$HOME/.docker/config.json"
PATH=$T/helpers:$PATH ok stack image pull 127.0.0.1:5002/app:1
assert_eq "what it was asked" "get 127.0.0.1:5002" "$(cat "$T/helpers/log")"
PATH=$T/helpers:$PATH ok stack login -u user -p secret 127.0.0.1:5002
assert_match "what it keeps" '^store \{.*"Secret":"secret"' "$(tail -1 "$T/helpers/log")"
fails 1 stack image pull 127.0.0.1:5002/app:1
assert_match "no helper" "docker-credential-tests" "$err"
rm "$HOME/.docker/config.json"

it "gets tokens, with a password or a refresh token"
background python3 "$LIB_DIR/token_server.py" 127.0.0.1 5004 "$T/key.pem" "$T/cert.pem" "$T/tokens"
wait_for 5 "the token server listens" nc -z 127.0.0.1 5004
registry 5003 registry 'http: {addr: 127.0.0.1:5003}' \
	"auth: {token: {realm: 'http://127.0.0.1:5004/token', service: reg, issuer: tests, rootcertbundle: $T/cert.pem}}"
fails 1 stack image pull 127.0.0.1:5003/app:1
assert_match "without a password" "ask 'http://127.0.0.1:5004/token' for a token: it refuses" "$err"
ok stack login -u user -p secret 127.0.0.1:5003
: >"$T/tokens"
ok stack image pull 127.0.0.1:5003/app:1 127.0.0.1:5003/tag:1
assert_eq "tokens" "GET repository:app:pull good
GET repository:tag:pull good" "$(sort "$T/tokens")"
echo '{"auths": {"127.0.0.1:5003": {"identitytoken": "refresh"}}}' >"$HOME/.docker/config.json"
ok stack image pull 127.0.0.1:5003/app:1
assert_eq "the last" "POST repository:app:pull good" "$(tail -1 "$T/tokens")"
rm "$HOME/.docker/config.json"

# --- where it is --------------------------------------------------------------------------------

it "asks mirrors first and the registry itself when they fail"
cat >"$STACK_REGISTRIES_CONF" <<TOML
unqualified-search-registries = ["docker.io"]
[[registry]]
prefix = "registry.example/team"
location = "127.0.0.1:5002/nothing"
[[registry.mirror]]
location = "127.0.0.1:9" # nobody
[[registry.mirror]]
location = "127.0.0.1:5000"
[[registry]]
prefix = "registry.example/blocked"
blocked = true
TOML
ok stack image pull --retry 0 registry.example/team/app:1
fails 1 stack image pull registry.example/blocked/app:1
assert_match "blocked" "registries.conf has 'registry.example/blocked' blocked" "$err"
echo 'prefix = ' >"$STACK_REGISTRIES_CONF"
fails 1 stack image pull "$R/app:1"
assert_match "no TOML" "'$STACK_REGISTRIES_CONF': line 1: " "$err"
: >"$STACK_REGISTRIES_CONF"

it "believes nothing"
STACK_ROOT=$T/mock ok python3 "$LIB_DIR/registry_mock.py" "$BUILD/stack-image" "$T"
echo "  $out"

for pid in "${BACKGROUND[@]}"; do # they write into what is removed
	kill "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
done
BACKGROUND=()
