#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/nginx-app-db, as its README says.
TEST_IMAGES="nginx python postgres"
. "$(dirname "$0")/lib.sh"

cp -a "$TREE/examples/nginx-app-db" "$T/"
cd "$T/nginx-app-db"

visits() {
	fetch http://127.0.0.1:8080/ | sed -n 's|.*id="visits">\([0-9]*\)<.*|\1|p'
}

page_has() {
	fetch http://127.0.0.1:8080/ | grep -F "$1"
}

it "up -d --wait: all healthy, in the order of the dependencies"
ok stack up -d --wait
for service in web app db; do
	assert_eq "$service" "running healthy" "$(ps_field $service '.state + " " + .health')"
done

it "the page counts and says who answered"
assert_eq "visits" "1 2 3" "$(visits) $(visits) $(visits)"
assert_match "container" "$(inside app cat /etc/hostname)" "$(fetch http://127.0.0.1:8080/)"
if [ -n "$OUTSIDE_PID" ]; then
	assert_match "the client's address is seen" "$OUTSIDE_ADDRESS" \
		"$(outside curl -sf --max-time 5 http://$HOST_ADDRESS:8080/)"
fi
ok stack logs web
assert_match "nginx logs" 'GET / HTTP' "$out"

it "a second up changes nothing"
pids=$(ps_json | jq -c 'map(.pid)')
ok stack up -d --wait
assert_eq "the same processes" "$pids" "$(ps_json | jq -c 'map(.pid)')"

it "the app is edited and restarted"
sed -i 's/It works/It works well/' app/server.py
ok stack restart app
wait_for 20 "the new page" page_has "It works well"

it "the app dies and is back"
kill -KILL "$(pid_of app)"
wait_for 20 "it answers again" visits

it "exec in the database"
ok inside db psql -U app -d visits -At -c 'SELECT n FROM visit'
assert_between "the counter" 4 1000 "$out"
before=$out

it "down keeps the volume, down -v does not"
ok stack down
no_leaks
ok stack up -d --wait
assert_between "the count goes on" $((before + 1)) 1000 "$(visits)"
ok stack down -v
ok stack up -d --wait
assert_eq "the count begins again" 1 "$(visits)"
ok stack down -v
no_leaks
