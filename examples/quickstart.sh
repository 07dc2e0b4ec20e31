#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# From a fresh Debian 12 to a running nginx + app + postgres: installs what is missing, builds,
# makes the images from Debian packages (no registry), starts the stack, fetches its page.
# Usage: sudo examples/quickstart.sh        Run it again whenever you like.
set -eu
cd "$(dirname "$0")/.."
port=${HTTP_PORT:-8080}

step() {
	printf '\n== %s\n' "$1"
}

[ "$(id -u)" = 0 ] || {
	echo "quickstart.sh: root is needed; run: sudo examples/quickstart.sh" >&2
	exit 1
}

step "packages"
tests/packages.sh build examples

step "build"
[ -e build/CMakeCache.txt ] || cmake -S . -B build >/dev/null
cmake --build build --parallel "$(nproc)" \
	--target stack stack-supervisor stack-image stack-shim >build/quickstart.log 2>&1 || {
	tail -n 30 build/quickstart.log >&2
	exit 1
}
echo "build/stack: $(build/stack version)"

step "images"
examples/images/build.sh nginx postgres python
build/stack image ls

step "stack up -d --wait"
cd examples/nginx-app-db
export HTTP_PORT="$port"
../../build/stack up -d --wait

step "the page, twice"
for _ in 1 2; do
	page=$(curl --fail --silent --show-error --max-time 10 "http://127.0.0.1:$port/")
	echo "$page" | sed -n 's|<[^>]*>||g; /Visit/p; /Answered/p'
done
../../build/stack ps

cat <<NEXT

It runs: http://127.0.0.1:$port/

Next, from examples/nginx-app-db (its README.md has more):
	sudo ../../build/stack logs -f
	sudo ../../build/stack exec db psql -U app -d visits -c 'TABLE visit'
	sudo ../../build/stack inspect web
	sudo ../../build/stack down          the counter stays in the volume; with -v it goes too
NEXT
