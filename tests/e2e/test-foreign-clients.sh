# Clients and a server that nobody here wrote: curl, Python's http.client, Node's http.Agent and Go's net/http through the
# tap to nginx. What they get through the tap is what nginx says to them directly; what nginx got is what they sent.
. tests/e2e/lib.sh
make_installation
clients=$root/tests/e2e/clients
size=200000
mkdir -p "$work/www" "$work/bodies" "$work/small"
awk -v size=$size 'BEGIN { srand(5); while (length(text) < 1000) text = text int(rand() * 1e9) "\n"
	for (i = 0; i < size / 1000; i++) printf "%s", substr(i text, 1, 1000) }' >"$work/www/page"
cp "$work/www/page" "$work/www/trailer"

# three free ports: nginx, its inner server, the WebSocket echo
free_ports() {
	python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*[listener.getsockname()[1] for listener in held])'
}
read -r nginx_port inner_port ws_port <<PORTS
$(free_ports)
PORTS
cat >"$work/nginx.conf" <<CONF
daemon off;
user root;
worker_processes 1;
pid $work/nginx.pid;
error_log $log/nginx;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path $work/bodies;
	proxy_temp_path $work/small;
	fastcgi_temp_path $work/small;
	uwsgi_temp_path $work/small;
	scgi_temp_path $work/small;
	client_max_body_size 0;
	keepalive_requests 100000;
	server {
		listen 127.0.0.1:$nginx_port;
		root $work/www;
		location = /nothing { return 204; }
		location = /trailer { add_trailer X-Trailer behind; }
		location = /route {
			client_body_in_file_only on;
			proxy_pass http://127.0.0.1:$inner_port;
			add_header X-Body-File \$request_body_file;
		}
		location = /ws {
			proxy_pass http://127.0.0.1:$ws_port;
			proxy_http_version 1.1;
			proxy_set_header Upgrade \$http_upgrade;
			proxy_set_header Connection upgrade;
		}
	}
	server {
		listen 127.0.0.1:$inner_port;
		location / { return 200 '{"queue": "refunds"}'; }
	}
}
CONF
[ "$(id -u)" -eq 0 ] || sed -i '/^user/d' "$work/nginx.conf"
nginx -c "$work/nginx.conf" >"$log/nginx-output" 2>&1 &
pids="$pids $!"
python3 "$clients/websocket.py" serve "$ws_port" >"$log/websocket" 2>&1 &
pids="$pids $!"
wait_line "$log/websocket" ready >/dev/null
direct=http://127.0.0.1:$nginx_port
tries=0
until curl -s -o /dev/null "$direct/page"; do
	tries=$((tries + 1))
	[ $tries -le 200 ] || fail "nginx does not start"
	sleep 0.05
done
export LEGACY_URL=$direct
start_run
posted=0

# --- curl: the same request both ways, the same answer but for the time of day ---
same() {
	for url in "$direct" "$tap_url"; do
		curl -s -m 20 --raw -D "$work/head" -o "$work/body" -w '%{http_code} %{size_download}\n' "$@" "$url$path" >"$work/code"
		cat "$work/code" "$work/head" "$work/body" | sed '/^Date:/Id; /^Connection:/Id' >"$work/seen"
		[ "$url" = "$tap_url" ] || mv "$work/seen" "$work/direct"
	done
	cmp "$work/direct" "$work/seen" || fail "curl $* $path: other than without the tap: $(diff -a "$work/direct" "$work/seen" | head -n 20)"
}
for path in /page /trailer /nothing /missing; do
	same
	same -I
	same --http1.0
	same -H 'Accept-Encoding: gzip' -H 'Range: bytes=10-19'
done
path=/page
etag=$(curl -s -I "$direct/page" | tr -d '\r' | sed -n 's/^ETag: //Ip')
same -H "If-None-Match: $etag"
expect "not modified" "$(sed 's/ .*//' "$work/code")" 304
path=/trailer
same
grep -aq "X-Trailer: behind" "$work/seen" || fail "the trailer is missing"

# upload FILE OPTIONS: posts through the tap and compares what nginx stored
upload() {
	file=$1
	shift
	curl -s -m 20 -o /dev/null -D "$work/head" -X POST "$@" "$tap_url/route" || fail "curl $*"
	stored=$(tr -d '\r' <"$work/head" | sed -n 's/^X-Body-File: //Ip')
	cmp "$file" "$stored" || fail "curl $*: another body was stored"
	posted=$((posted + 1))
}
upload "$work/www/page" --data-binary "@$work/www/page" -H 'Expect:'
upload "$work/www/page" --data-binary "@$work/www/page" -H 'Expect: 100-continue'
grep -q "100 Continue" "$work/head" || fail "no 100 Continue came"
upload "$work/www/page" -H 'Transfer-Encoding: chunked' --data-binary "@$work/www/page"
curl -s "$direct/page" | upload "$work/www/page" -T - # the last of a pipe runs in a shell of its own
posted=$((posted + 1))

# --- the others, each in its own way ---
run_client() {
	name=$1
	shift
	"$@" "${tap_url##*:}" $size >"$log/client-$name" 2>&1 || fail "$name: $(cat "$log/client-$name")"
	posted=$((posted + $(sed -n 's/^posted //p' "$log/client-$name")))
}
run_client python python3 "$clients/client.py"
if command -v node >/dev/null; then run_client node node "$clients/client.js"; else echo "without node"; fi
if command -v go >/dev/null; then
	(cd "$work" && GOTOOLCHAIN=local GO111MODULE=off go build -o client-go "$clients/client.go") || fail "go build"
	run_client go "$work/client-go"
else
	echo "without go"
fi
python3 "$clients/websocket.py" talk "${tap_url##*:}" 100 >"$log/talk" 2>&1 || fail "WebSocket: $(cat "$log/talk")"

# what they posted are no tickets: they were captured, and are dead letters
wait_settled
expect_ties_out
expect "seen" "$(status_json .exchanges.seen)" "$posted"
expect "stored" "$(status_json '.exchanges | .stored + .duplicate')" "$posted"
