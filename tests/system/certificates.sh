#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Certificates of our own (certs.d): with registries that want one, and with those that must not see it.
. "$(dirname "$0")/lib.sh"

for tool in docker-registry skopeo openssl python3; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
export HOME=$T/home XDG_RUNTIME_DIR=$T/home/run STACK_REGISTRIES_CONF=$T/registries.conf
unset DOCKER_CONFIG REGISTRY_AUTH_FILE XDG_CONFIG_HOME
mkdir -p "$XDG_RUNTIME_DIR"
: >"$STACK_REGISTRIES_CONF"
mkdir -p /etc/docker /etc/containers # where neither is installed they may not be there
mount -t tmpfs tmpfs /etc/docker
mount -t tmpfs tmpfs /etc/containers

# --- certificates and registries ---------------------------------------------------------------

# certificate NAME CA: $T/NAME.pem and NAME-key.pem, for clients, signed by the CA
certificate() {
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$T/$1-key.pem" -out "$T/$1.csr" 2>/dev/null
	openssl x509 -req -in "$T/$1.csr" -days 2 -CA "$T/$2.pem" -CAkey "$T/$2-key.pem" -CAcreateserial \
		-out "$T/$1.pem" 2>/dev/null
}

for ca in clients strangers; do
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$ca -keyout "$T/$ca-key.pem" -out "$T/$ca.pem" 2>/dev/null
done
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=server \
	-addext "subjectAltName=IP:127.0.0.1,IP:$HOST_ADDRESS" -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
certificate friend clients
certificate stranger strangers

tls="tls: {certificate: $T/cert.pem, key: $T/key.pem, clientcas: [$T/clients.pem]}"
registry 5000 registry 'http: {addr: ":5000"}'
registry 5001 registry "http: {addr: ':5001', $tls}"
registry 5002 registry "http: {addr: ':5002', $tls}" \
	'middleware: {storage: [{name: redirect, options: {baseurl: "https://127.0.0.1:5003"}}]}'
background "$LIB_DIR/tls_files.py" 5003 "$T/key.pem" "$T/cert.pem" "$T/clients.pem" "$T/registry" "$T/asked"
wait_for 5 "the files are served" nc -z 127.0.0.1 5003
image busybox
skopeo --insecure-policy copy -q --dest-tls-verify=false \
	"oci:$STACK_ROOT/images:docker.io/example/busybox:1.35" docker://127.0.0.1:5000/app:1
R=127.0.0.1:5001 ELSEWHERE=$HOST_ADDRESS:5001

# trust HOST [DIRECTORY]: believe its server, and show it nothing
trust() {
	D=${2-/etc/docker}/certs.d/$1
	rm -rf "$D"
	mkdir -p "$D"
	cp "$T/cert.pem" "$D/ca.crt"
}

# show NAME [KEY]: what is shown to the last one that is trusted; the key is the other's if KEY says so
show() {
	cp "$T/$1.pem" "$D/client.cert"
	install -m 600 "$T/${2-$1}-key.pem" "$D/client.key"
}

# --- who gets what ------------------------------------------------------------------------------

it "says that a registry wants a certificate"
for host in $R $ELSEWHERE; do
	trust $host
	fails 1 stack image pull "$host/app:1"
	assert_match "the sentence" "registry '$host': .*; it may want a client certificate, NAME.cert and NAME.key in /etc/containers/certs.d/$host" "$err"
done

it "shows it the one of its directory, docker's or podman's"
for host in $R $ELSEWHERE; do
	trust $host
	show friend
	ok stack image pull $host/app:1
	ok stack image rm $host/app:1
	trust $host
	trust $host /etc/containers
	show friend
	ok stack image pull $host/app:1
	ok stack image rm $host/app:1
	rm -r "$D"
done

it "takes the first of several by name"
trust $R
show friend
cp "$T/stranger.pem" "$D/second.cert"
install -m 600 "$T/stranger-key.pem" "$D/second.key"
ok stack image pull $R/app:1
ok stack image rm $R/app:1

it "says what is wrong with a pair"
show stranger
fails 1 stack image pull $R/app:1
assert_match "of somebody else" "registry '$R': .*; it may not take our client certificate" "$err"
show friend stranger
fails 1 stack image pull $R/app:1
assert_match "another's key" "registry '$R': our client certificate and its key are of no use, or do not belong together: " "$err"
rm "$D"/second.*
rm "$D/client.key"
fails 1 stack image pull $R/app:1
assert_match "no key" "registry '$R': '$D': the client certificate 'client.cert' has no key 'client.key'; the certificate of an authority has to end in .crt" "$err"
show friend
rm "$D/client.cert"
fails 1 stack login -u user -p secret $R
assert_match "no certificate" "registry '$R': '$D': the key 'client.key' has no client certificate 'client.cert'" "$err"
show friend
chmod 755 "$T"
status=0
setpriv --reuid 65534 --clear-groups "$STACK" login -u user -p secret $R 2>"$T/err" </dev/null || status=$?
assert_eq "of another user" 1 $status
assert_match "a key that is closed to us" "'$D': .*'client.key'.*Permission denied" "$(cat "$T/err")"

it "shows it to nobody else"
trust 127.0.0.1:5002
show friend
: >"$T/asked"
ok stack image pull 127.0.0.1:5002/app:1
assert_match "what the other one was asked" '^- /docker/registry/v2/blobs/' "$(cat "$T/asked")"
assert_no_match "who asked it" friend "$(cat "$T/asked")"
trust 127.0.0.1:5003
show friend
fails 1 stack image pull 127.0.0.1:5003/app:1
assert_match "its own registry" '^friend /v2/app/manifests/1' "$(cat "$T/asked")"

for pid in "${BACKGROUND[@]}"; do # they write into what is removed
	kill "$pid" 2>/dev/null || :
	wait "$pid" 2>/dev/null || :
done
BACKGROUND=()
umount /etc/docker /etc/containers
