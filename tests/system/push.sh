#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Images to registries: Debian's docker-registry, plain, with TLS, passwords and tokens, and one of our own that
# does everything wrong (push_mock.py).
. "$(dirname "$0")/lib.sh"

for tool in docker-registry skopeo htpasswd openssl python3 curl; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
export HOME=$T/home XDG_RUNTIME_DIR=$T/home/run STACK_REGISTRIES_CONF=$T/registries.conf
unset DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_CONFIG_HOME
mkdir -p "$XDG_RUNTIME_DIR" "$HOME/.docker"
: >"$STACK_REGISTRIES_CONF"
R=127.0.0.1:5000

requests() { # METHOD [PATH]: how many the plain registry has had
	grep -cE "\"$1 /v2/${2-}" "$T/registry-5000.log" || :
}

id_of() {
	stack image ls --format json | jq -r --arg r "$1" '.[] | select(.reference == $r) | .id'
}

names() { # NAME...: further ones of the example image
	ok stack image tag example/busybox:1.35 "$@"
}

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tests -addext 'subjectAltName=IP:127.0.0.1' \
	-keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
htpasswd -Bbn user secret >"$T/htpasswd" 2>/dev/null
registry 5000 registry-5000 'http: {addr: 127.0.0.1:5000}'
image busybox
ID=$(id_of docker.io/example/busybox:1.35)

# --- what it is for ----------------------------------------------------------------------------

it "pushes what it has, byte by byte, and nothing twice"
names "$R/team/app:1" "$R/team/app:2"
ok stack image push --progress json "$R/team/app:1"
assert_eq "the event" "pushed $ID" "$(jq -r 'select(.event == "image" and .action != "pushing") | "\(.action) \(.digest)"' <<<"$err")"
assert_eq "what became of each layer" uploaded "$(jq -rs '[.[] | select(.event == "layer")] | last | .action' <<<"$err")"
assert_eq "the registry's digest" "$ID" "$(skopeo inspect --tls-verify=false "docker://$R/team/app:1" | jq -r .Digest)"
uploads=$(requests '(POST|PUT)')
ok stack image push "$R/team/app:1"
assert_match "a second time" "image +$R/team/app:1  current" "$err"
assert_eq "uploads of a second push" "$uploads" "$(requests '(POST|PUT)')"
ok stack image push "$R/team/app:2"
assert_match "another tag" "$R/team/app:2  pushed  ${ID:7:12}, 0 of 1 layer uploaded" "$err"
assert_eq "uploads of another tag" "$((uploads + 1))" "$(requests '(POST|PUT)')"
STACK_ROOT=$T/other ok stack image pull "$R/team/app:1"
assert_eq "its id elsewhere" "$ID" "$(STACK_ROOT=$T/other id_of "$R/team/app:1")"
rm -r "$T/other"

it "sends what images share once, and docker's format as it is"
skopeo --insecure-policy copy -q --dest-tls-verify=false --format v2s2 \
	"oci:$STACK_ROOT/images:docker.io/example/busybox:1.35" "docker://$R/schema2:1"
ok stack image pull "$R/schema2:1"
ok stack image tag "$R/schema2:1" "$R/shared:docker"
names "$R/shared:oci" "$R/shared:again"
ok stack image push "$R/shared:docker" "$R/shared:oci" "$R/shared:again" "$R/shared:oci"
assert_eq "its type" "$(skopeo inspect --raw --tls-verify=false "docker://$R/schema2:1" | sha256sum)" \
	"$(skopeo inspect --raw --tls-verify=false "docker://$R/shared:docker" | sha256sum)"
blobs=$(for tag in docker oci; do skopeo inspect --raw --tls-verify=false "docker://$R/shared:$tag" |
	jq -r '.config.digest, .layers[].digest'; done | sort -u | wc -l)
assert_eq "blobs that were sent" "$blobs" "$(requests PUT shared/blobs)"
assert_eq "manifests" 3 "$(requests PUT shared/manifests)"

it "sends many layers side by side, a large one and one that is there twice among them"
layout=$T/layout
mkdir -p "$layout/blobs/sha256"
blob() { # TYPE: take standard input into the layout; prints its descriptor
	cat >"$layout/new"
	local hex
	hex=$(sha256sum <"$layout/new" | cut -d' ' -f1)
	mv "$layout/new" "$layout/blobs/sha256/$hex"
	jq -nc --arg t "application/vnd.oci.image.$1" --arg d "sha256:$hex" \
		--argjson s "$(stat -c %s "$layout/blobs/sha256/$hex")" '{mediaType: $t, digest: $d, size: $s}'
}
for i in 1 2 3 4 5 6 7; do
	head -c $((i == 7 ? 20000000 : 1000)) /dev/urandom >"$T/file-$i"
	tar -C "$T" -cf - "file-$i" | blob layer.v1.tar
done >"$T/layers"
head -n 1 "$T/layers" >>"$T/layers"
jq -sc '{architecture: "amd64", os: "linux", config: {}, rootfs: {type: "layers", diff_ids: map(.digest)}}' "$T/layers" |
	blob config.v1+json >"$T/config"
jq -c --slurpfile l "$T/layers" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: ., layers: $l}' "$T/config" |
	blob manifest.v1+json | jq -c '{schemaVersion: 2, manifests: [.]}' >"$layout/index.json"
echo '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
ok stack image import "$layout" "$R/many:1"
ok stack image push --parallel 3 "$R/many:1"
assert_match "layers" "7 of 7 layers uploaded" "$err"
assert_eq "blobs that were sent" 8 "$(requests PUT many/blobs)"
STACK_ROOT=$T/other ok stack image pull "$R/many:1"
assert_eq "its id elsewhere" "$(id_of "$R/many:1")" "$(STACK_ROOT=$T/other id_of "$R/many:1")"
rm -r "$T/other"

it "pushes what services are built to"
names "$R/shop/web:1" "$R/shop/web:extra" "$R/shop/db:1" shop-tool:latest
mkdir -p "$T/context"
echo 'FROM example/busybox:1.35' >"$T/context/Dockerfile"
project shop <<YML
services:
  web:
    image: $R/shop/web:1
    build: {context: $T/context, tags: ["$R/shop/web:extra"]}
    depends_on: [db]
  db: {image: "$R/shop/db:1", build: $T/context}
  tool: {build: $T/context}
  other: {image: "example/busybox:1.35"}
YML
ok stack push web
assert_eq "repositories" "1 extra" "$(curl -sSf "http://$R/v2/shop/web/tags/list" | jq -r '.tags | sort | join(" ")')"
assert_eq "what it depends on" 404 "$(curl -s -o /dev/null -w '%{http_code}' "http://$R/v2/shop/db/tags/list")"
ok stack push --include-deps -q web
assert_eq "what is said" "" "$err"
assert_eq "what it depends on" 1 "$(curl -sSf "http://$R/v2/shop/db/tags/list" | jq -r '.tags[]')"
ok stack push
assert_match "one without a name" "service 'tool' is built, but has no 'image:' that says where to push it" "$err"
assert_no_match "one that is not built" "example/busybox" "$err"
ok stack push other
assert_match "nothing at all" "nothing to push" "$err"
fails 1 stack push wbe
assert_match "an unknown service" "no such service: 'wbe'; did you mean 'web'" "$err"
ok stack image rm "$R/shop/db:1"
fails 1 stack push web db
assert_match "one that is not in the store" "stack: push '$R/shop/db:1': no image '$R/shop/db:1' in the store" "$err"
assert_match "the other one" "$R/shop/web:1  current" "$err"
ok stack push --ignore-push-failures web db
assert_match "the same" "push '$R/shop/db:1': .*, ignoring" "$err"

it "says what cannot be pushed"
fails 1 stack image push "${ID:7:12}"
assert_match "an id" "this is an id.*stack image tag ${ID:7:12} NAME" "$err"
fails 1 stack image push "$R/team/app:1@$ID"
assert_match "a digest" "under a tag, not under a digest" "$err"
fails 1 stack image push --platform linux/arm64 "$R/team/app:1"
fails 2 stack image push
fails 1 stack image push --retry 0 127.0.0.1:9/team/app:1
assert_match "one that is not there" "no image '127.0.0.1:9/team/app:1'" "$err"
names 127.0.0.1:9/team/app:1
fails 1 stack image push --retry 0 127.0.0.1:9/team/app:1
assert_match "nobody" "registry '127.0.0.1:9': .*[Cc]onnect" "$err"
layer=$(skopeo inspect --raw --tls-verify=false "docker://$R/team/app:1" | jq -r '.layers[0].digest' | cut -d: -f2)
blob=$STACK_ROOT/images/blobs/sha256/$layer
mv "$blob" "$T/blob"
fails 1 stack image push "$R/team/app:1"
assert_match "a layer that is gone" "its blob ${layer:0:12} is not in the store any more" "$err"
head -c 1000 "$T/blob" >"$blob"
fails 1 stack image push "$R/team/app:1"
assert_match "half a layer" "the image store is damaged at the blob ${layer:0:12}" "$err"
mv "$T/blob" "$blob"

# --- who one is ---------------------------------------------------------------------------------

it "speaks TLS with a registry whose certificate is in certs.d, and no other"
registry 5001 registry-5001 "http: {addr: 127.0.0.1:5001, tls: {certificate: $T/cert.pem, key: $T/key.pem}}"
names 127.0.0.1:5001/app:1
fails 1 stack image push --retry 0 127.0.0.1:5001/app:1
assert_match "a certificate of nobody" "[Cc]ertificate|issuer" "$err"
mkdir -p /etc/docker # where no registry is installed it may not be there
mount -t tmpfs tmpfs /etc/docker
mkdir -p /etc/docker/certs.d/127.0.0.1:5001
cp "$T/cert.pem" /etc/docker/certs.d/127.0.0.1:5001/ca.crt
ok stack image push 127.0.0.1:5001/app:1
umount /etc/docker

it "takes the password of stack login"
registry 5002 registry-5002 'http: {addr: 127.0.0.1:5002}' "auth: {htpasswd: {realm: tests, path: $T/htpasswd}}"
names 127.0.0.1:5002/app:1
fails 1 stack image push 127.0.0.1:5002/app:1
assert_match "without one" "wants a password; 'stack login 127.0.0.1:5002'" "$err"
echo '{"auths": {"127.0.0.1:5002": {"auth": "'"$(printf user:wrong | base64)"'"}}}' >"$HOME/.docker/config.json"
fails 1 stack image push 127.0.0.1:5002/app:1
assert_match "a wrong one" "does not take the password, or does not let its owner push to 'app' \(HTTP status 401\)" "$err"
ok stack login -u user -p secret 127.0.0.1:5002
ok stack image push 127.0.0.1:5002/app:1

it "gets one token for reading and writing, and says when it may only read"
background python3 "$LIB_DIR/token_server.py" 127.0.0.1 5004 "$T/key.pem" "$T/cert.pem" "$T/tokens"
wait_for 5 "the token server listens" nc -z 127.0.0.1 5004
registry 5003 registry-5003 'http: {addr: 127.0.0.1:5003}' \
	"auth: {token: {realm: 'http://127.0.0.1:5004/token', service: reg, issuer: tests, rootcertbundle: $T/cert.pem}}"
ok stack login -u user -p secret 127.0.0.1:5003
: >"$T/tokens"
names 127.0.0.1:5003/app:1 127.0.0.1:5003/readonly:1
ok stack image push 127.0.0.1:5003/app:1
assert_eq "tokens" "GET repository:app:pull,push good" "$(cat "$T/tokens")"
fails 1 stack image push 127.0.0.1:5003/readonly:1
assert_match "a token for less" "does not let its owner push to 'readonly' .*authentication required|access to the requested resource" "$err"
rm "$HOME/.docker/config.json"

# --- where it goes ------------------------------------------------------------------------------

it "goes where registries.conf says, but to no mirror and to nothing that is blocked"
cat >"$STACK_REGISTRIES_CONF" <<TOML
[[registry]]
prefix = "registry.example/team"
location = "$R/elsewhere"
[[registry.mirror]]
location = "127.0.0.1:9"
[[registry]]
prefix = "registry.example/blocked"
blocked = true
TOML
names registry.example/team/app:1 registry.example/blocked/app:1
ok stack image push --retry 0 registry.example/team/app:1
assert_eq "where it is" "$ID" "$(skopeo inspect --tls-verify=false "docker://$R/elsewhere/app:1" | jq -r .Digest)"
fails 1 stack image push registry.example/blocked/app:1
assert_match "blocked" "registries.conf has 'registry.example/blocked' blocked" "$err"
: >"$STACK_REGISTRIES_CONF"

# --- registries that are not as they should be ---------------------------------------------------

background python3 "$LIB_DIR/push_mock.py" "$T/gate" "$T/told"
wait_for 5 "the mock listens" nc -z 127.0.0.1 5020
wait_for 5 "the foreign one listens" nc -z 127.0.0.1 5021
M=127.0.0.1:5020
echo '{"auths": {"'$M'": {"auth": "'"$(printf user:secret | base64)"'"}}}' >"$HOME/.docker/config.json"

mock_push() { # REPOSITORY
	capture stack image push --retry 3 --retry-delay 1ms "$M/$1:1"
}

it "follows what a registry says, and tries again what broke"
for how in good relative beside foreign foreignredirect busy lost broken hasit; do
	names "$M/$how:1"
	mock_push "$how"
	assert_eq "$how: $err" 0 "$status"
	assert_eq "what $how has" whole "$(curl -sSf "http://$M/pushed/$how")"
done

it "believes nothing"
while IFS='|' read -r how expected; do
	names "$M/$how:1"
	mock_push "$how"
	assert_eq "status of $how: $err" 1 "$status"
	assert_match "$how" "^stack: push '$M/$how:1': .*($expected)" "$err"
	assert_eq "what $how has" "" "$(curl -sSf "http://$M/pushed/$how")"
done <<-'CASES'
	nowhere|does not say where to send it
	long|does not say where to send it
	ftp|sends the upload to what is no http or https URL
	plain|sends the upload to plain http at '198.51.100.1'; that is not safe
	password|sends the upload to what is no http or https URL
	foreignasks|does not take the password, or does not let
	loop|redirects without end
	otherblob|keeps other bytes: their digest is sha256:000000000000
	othermanifest|keeps other bytes: their digest is sha256:000000000000
	alwaysbusy|HTTP status 503: back at noon
	alwaysbroken|registry '127.0.0.1:5020': [A-Za-z]
	early|HTTP status 413: too much
	denied|does not let its owner push to 'denied' .HTTP status 403.: not .x1b.31mhere
	invalid|HTTP status 400: x{100}
	onlycode|HTTP status 405: UNSUPPORTED
	page|HTTP status 400$
	notjson|HTTP status 400$
	created|HTTP status 201
	liar|HTTP status 400: blob unknown to registry
CASES
[ ! -e "$T/told" ] || fail "the foreign host was told a password: $(cat "$T/told")"

it "an image that is removed meanwhile arrives, and Ctrl-C ends all"
ok stack image tag "$R/schema2:1" "$M/stuck:1"
ok stack image rm "$R/schema2:1" "$R/shared:docker"
processes_of_push() { pgrep -x stack-image; }
for signal in INT TERM; do
	background env --default-signal=INT "$STACK" image push "$M/stuck:1" >"$T/stuck.log" 2>&1
	pushing=$!
	wait_for 10 "it sends" grep -q uploading "$T/stuck.log"
	kill -$signal $pushing
	status=0
	wait $pushing || status=$?
	assert_eq "status of one ended by $signal: $(cat "$T/stuck.log")" $((128 + $(kill -l $signal))) $status
	assert_no_match "what is said" stack: "$(cat "$T/stuck.log")"
	wait_for 5 "all of it is gone" eval '! processes_of_push'
done
background "$STACK" image push "$M/stuck:1" >"$T/stuck.log" 2>&1
pushing=$!
wait_for 10 "it sends" grep -q uploading "$T/stuck.log"
ok stack image rm "$M/stuck:1"
touch "$T/gate"
wait $pushing || fail "it failed: $(cat "$T/stuck.log")"
assert_eq "what stuck has" whole "$(curl -sSf "http://$M/pushed/stuck")"

for pid in "${BACKGROUND[@]}"; do # they write into what is removed
	kill "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
done
BACKGROUND=()
