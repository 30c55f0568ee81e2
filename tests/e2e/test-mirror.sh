# tap.kind mirror behind a real nginx: the client's answers come from nginx's upstream, the copies arrive here, and a tap
# that stands still holds no client longer than the short timeouts of docs/tap.md.
. tests/e2e/lib.sh
command -v nginx >/dev/null || { echo "skipped: no nginx; sh tests/deps.sh test installs it"; exit 77; }
make_installation
sed -i 's|^  legacy: \${LEGACY_URL}.*|  kind: mirror|' "$contract"
start_legacy
start_run
mirror_url=$(sed -n 's|^tap *[^:]*: \(http://[^ ]*\) (mirror)$|\1|p' "$log/run")
[ -n "$mirror_url" ] || fail "no mirror in: $(cat "$log/run")"

cat >"$work/nginx.conf" <<CONF
daemon off;
pid $work/nginx.pid;
error_log $log/nginx;
worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path $work/nginx-body;
	proxy_temp_path $work/nginx-proxy;
	fastcgi_temp_path $work/nginx-fastcgi;
	uwsgi_temp_path $work/nginx-uwsgi;
	scgi_temp_path $work/nginx-scgi;
	server {
		listen unix:$work/nginx.sock;
		location / {
			mirror /understudy-mirror;
			proxy_pass $LEGACY_URL;
		}
		location = /understudy-mirror {
			internal;
			proxy_pass $mirror_url\$request_uri;
			proxy_connect_timeout 100ms;
			proxy_send_timeout 100ms;
			proxy_read_timeout 100ms;
		}
	}
}
CONF
nginx -c "$work/nginx.conf" 2>>"$log/nginx" &
pids="$pids $!"
tries=0
until [ -S "$work/nginx.sock" ]; do
	tries=$((tries + 1))
	[ $tries -le 400 ] || fail "nginx does not start"
	sleep 0.05
done

# Tickets from $1 to $2 on one client connection, answers in $work/$3; a line "STATUS SECONDS" for each in $work/$3.times.
send_tickets() {
	for number in $(seq "$1" "$2"); do
		[ "$number" = "$1" ] || echo next
		cat <<CURL
unix-socket = "$work/nginx.sock"
url = "http://shop/route"
header = "Content-Type: application/json"
data = "{\"ticket_id\":\"T-9$number\",\"created\":\"2026-11-10T10:00:00Z\",\"product\":\"Lamp\",\"text\":\"refund please\",\"contact\":\"a@example.com\"}"
write-out = "%{http_code} %{time_total}\n"
output = "$work/$3.$number"
max-time = 60
CURL
	done >"$work/curl"
	curl -s -K "$work/curl" >"$work/$3.times" || fail "curl: $(cat "$work/$3.times")"
}

# The accounts follow the exchanges into the store a moment later.
wait_seen() {
	ledger='"\(.exchanges.seen) \(.exchanges.ties_out) \([.exchanges.dropped[]] | add)"'
	tries=0
	until [ "$(status_json "$ledger")" = "$1 true 0" ]; do
		tries=$((tries + 1))
		[ $tries -le 400 ] || fail "seen, ties out, dropped: $(status_json "$ledger"), not $1 true 0"
		sleep 0.05
	done
}

send_tickets 1000 1099 healthy
expect "answers of the upstream" "$(grep -c '^200 ' "$work/healthy.times")" 100
expect "what the upstream says" "$(jq -r .queue "$work/healthy.1000" | grep -c .)" 1
wait_seen 100

# other paths are mirrored by nginx, answered by us, and not captured
curl -s -o "$work/other" --unix-socket "$work/nginx.sock" http://shop/elsewhere
curl -s -o "$work/direct" -w '%{http_code} %{size_download}\n' "$mirror_url/elsewhere" >"$work/direct.code"
expect "the mirror's answer" "$(cat "$work/direct.code")" "204 0"
wait_seen 100

# The tap stands still. Its socket takes connections, so it is the read timeout that ends each mirror request.
tap=$(child_of_run tap)
kill -STOP "$tap"
send_tickets 2000 2004 stopped
kill -CONT "$tap"
expect "answers while the tap stood still" "$(grep -c '^200 ' "$work/stopped.times")" 5
# far above 0.1 s, for slow machines; nginx's default would be 60 s for each
slow=$(awk '$2 > 10' "$work/stopped.times")
expect "clients held for longer than the timeouts" "$slow" ""

send_tickets 3000 3009 after
expect "answers afterwards" "$(grep -c '^200 ' "$work/after.times")" 10
# those of the pause are whole requests in the socket's backlog: they are taken when the tap goes on
wait_seen 115
