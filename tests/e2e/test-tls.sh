# TLS with real peers: curl and openssl s_client in front of the tap, nginx with client certificates behind it.
. tests/e2e/lib.sh
command -v nginx >/dev/null && command -v openssl >/dev/null || { echo "skipped: needs nginx and openssl"; exit 77; }
make_installation
start_legacy
start_llm
keys=$work/keys
mkdir "$keys" "$work/nginx"

# authority NAME; certificate NAME AUTHORITY SUBJECT-ALTERNATIVE-NAME
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$keys/$1.key" -out "$keys/$1.pem" 2>/dev/null
}
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -addext "subjectAltName=$3" \
		-keyout "$keys/$1.key" -out "$keys/$1.csr" 2>/dev/null
	openssl x509 -req -in "$keys/$1.csr" -CA "$keys/$2.pem" -CAkey "$keys/$2.key" -CAcreateserial -days 2 \
		-copy_extensions copy -out "$keys/$1.pem" 2>/dev/null
}
authority inside
authority outside
certificate tap inside "DNS:localhost,IP:127.0.0.1"
certificate legacy inside DNS:legacy.test
certificate tap-as-client inside DNS:tap
certificate partner inside DNS:partner
certificate stranger outside DNS:stranger

# nginx takes the clients that show a certificate of "inside", and passes tickets to the simulated legacy system
port=$((20000 + $$ % 12000))
head -c 10485760 /dev/urandom >"$work/nginx/big"
cat >"$work/nginx/nginx.conf" <<END
daemon off; master_process off; pid $work/nginx/pid; error_log $log/nginx-error info;
events {}
http {
	log_format tls '\$ssl_protocol \$ssl_client_verify \$ssl_server_name \$request_method \$request_length \$connection';
	access_log $log/nginx tls;
	client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/proxy; fastcgi_temp_path $work/nginx/fastcgi;
	uwsgi_temp_path $work/nginx/uwsgi; scgi_temp_path $work/nginx/scgi;
	client_max_body_size 20m; client_body_buffer_size 20m;
	server {
		listen 127.0.0.1:$port ssl;
		ssl_protocols TLSv1.2 TLSv1.3;
		ssl_certificate $keys/legacy.pem; ssl_certificate_key $keys/legacy.key;
		ssl_client_certificate $keys/inside.pem; ssl_verify_client on;
		location / { proxy_pass $LEGACY_URL; }
		location = /big { root $work/nginx; }
	}
}
END
nginx -c "$work/nginx/nginx.conf" -e "$log/nginx-error" &
pids="$pids $!"
until [ -s "$work/nginx/pid" ]; do sleep 0.05; done

export LEGACY_URL="https://127.0.0.1:$port"
sed -i "s|^  legacy: .*|&\n  legacy_tls: {ca: $keys/inside.pem, certificate: $keys/tap-as-client.pem, key: $keys/tap-as-client.key, server_name: legacy.test}\n  tls: {certificate: $keys/tap.pem, key: $keys/tap.key}|" "$contract"

start_tls_run() {
	start_run
	tap_url=$(sed -n 's|^tap *[^:]*: \(https://[^ ]*\) .*|\1|p' "$log/run")
	[ -n "$tap_url" ] || fail "no tap with https: $(cat "$log/run")"
}

# ticket NUMBER: a message for the example's interface
ticket() {
	printf '{"ticket_id":"T-%06d","created":"2026-11-16T09:00:00Z","product":"Vento fan","text":"I want a refund","contact":"x"}' "$1"
}

# post NUMBER [CURL OPTIONS]: sends a ticket, prints the status
post() {
	number=$1
	shift
	ticket "$number" | curl --silent --show-error --cacert "$keys/inside.pem" --output "$work/reply" --write-out '%{http_code}' \
		--header 'Content-Type: application/json' --data-binary @- "$@" "$tap_url/route"
}

start_tls_run
expect "TLS 1.2" "$(post 1 --tls-max 1.2)" 200
grep -q '"queue": *"refunds"' "$work/reply" || fail "reply: $(cat "$work/reply")"
expect "TLS 1.3" "$(post 2 --tlsv1.3)" 200
expect "a name" "$(post 3 --connect-to "localhost:${tap_url##*:}:127.0.0.1:${tap_url##*:}")" 200
expect "versions and certificates that nginx saw" "$(cut -d ' ' -f 1-4 "$log/nginx" | sort -u)" \
	"TLSv1.3 SUCCESS legacy.test POST"
expect "connections to nginx" "$(cut -d ' ' -f 6 "$log/nginx" | sort -u | wc -l)" 1

# large bodies both ways, on one connection
curl --silent --show-error --cacert "$keys/inside.pem" "$tap_url/big" --output "$work/got" \
	--next --silent --cacert "$keys/inside.pem" --data-binary "@$work/nginx/big" --header "Expect:" --output "$work/answer" "$tap_url/x" \
	--next --silent --cacert "$keys/inside.pem" "$tap_url/big" --output "$work/got-again"
cmp "$work/nginx/big" "$work/got"
cmp "$work/nginx/big" "$work/got-again"
[ "$(awk '$4 == "POST" && $5 > 10485760' "$log/nginx" | wc -l)" = 1 ] || fail "no large message at nginx: $(cat "$log/nginx")"

# s_client checks the chain and the protocol, and gets a reply that ends with close_notify
printf 'GET /big HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\nConnection: close\r\n\r\n' |
	openssl s_client -connect "${tap_url#https://}" -CAfile "$keys/inside.pem" -verify_return_error -alpn http/1.1 \
		-ign_eof >"$work/s_client" 2>&1 || fail "s_client: $(cat "$work/s_client")"
for line in "ALPN protocol: http/1.1" "Verification: OK" "HTTP/1.1 206 Partial Content" "^closed"; do
	grep -q "$line" "$work/s_client" || fail "s_client: no \"$line\" in $(cat "$work/s_client")"
done
if openssl s_client -connect "${tap_url#https://}" -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null >"$work/s_client" 2>&1; then
	fail "TLS 1.1 is spoken"
fi
status=0
curl --silent "http://${tap_url#https://}/" >"$work/plain" || status=$?
expect "HTTP to the TLS port" "$status $(cat "$work/plain")" "0 understudy tap: this port speaks TLS; use https://"

# a partner's certificate is asked for, and 1.3 alone is spoken
stop_run
sed -i "s|  tls: {|&ca: $keys/inside.pem, minimum: \"1.3\", |" "$contract"
start_tls_run
expect "a partner" "$(post 4 --cert "$keys/partner.pem" --key "$keys/partner.key")" 200
for options in "" "--cert $keys/stranger.pem --key $keys/stranger.key" \
	"--tls-max 1.2 --cert $keys/partner.pem --key $keys/partner.key"; do
	# shellcheck disable=SC2086
	if post 5 $options >/dev/null 2>"$work/err"; then fail "served with \"$options\""; fi
	grep -q "alert" "$work/err" || fail "\"$options\": no alert: $(cat "$work/err")"
done

# another name than the legacy system's, then no certificate of ours
stop_run
sed -i "s|, minimum: \"1.3\", | , |; s|{ca: $keys/inside.pem , |{|; s|legacy.test}|other.test}|" "$contract"
start_tls_run
expect "a wrong name" "$(post 6)" 502
expect "why" "$(cat "$work/reply")" \
	"understudy tap: the TLS handshake with the legacy system failed: hostname mismatch"
stop_run
sed -i "s|legacy_tls: .*|legacy_tls: {ca: $keys/inside.pem, server_name: legacy.test}|" "$contract"
start_tls_run
expect "nginx refuses us" "$(post 7)" 400 # nginx says it in HTTP
grep -q "No required SSL certificate was sent" "$work/reply" || fail "reply: $(cat "$work/reply")"

# the ledgers: 1, 2, 3, 4 and 7 were answered by the legacy side, 6 was dropped
wait_settled
expect_ties_out
expect "captured" "$(status_json .exchanges.stored)" 5

# the certificate of docs/configuration.md
stop_run
(cd "$work/contracts/ticket-routing" && sed -n '/^openssl req/,/^```/{/^```/!p}' "$root/docs/configuration.md" | sh 2>/dev/null)
cp "$contract" "$contract.kept"
sed -i "s|^  tls: .*|  tls: {certificate: tap.pem, key: tap.key}|" "$contract"
start_tls_run
expect "the documentation's certificate" "$(curl --silent --cacert "$work/contracts/ticket-routing/tap.pem" --output /dev/null \
	--write-out '%{http_code}' "https://localhost:${tap_url##*:}/big")" 400
mv "$contract.kept" "$contract"

# files that cannot be used are named at the start
stop_run
mv "$keys/tap.key" "$keys/tap.key.away"
cp "$keys/partner.key" "$keys/tap.key"
status=0
"$understudy" tap -c "$config" >/dev/null 2>"$work/err" || status=$?
expect "exit code" "$status" 2
grep -q "tap.key: does not belong to the certificate .*tap.pem; give the two that were made together" "$work/err" ||
	fail "a key of another certificate: $(cat "$work/err")"
