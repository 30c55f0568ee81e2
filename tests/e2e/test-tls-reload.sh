# A renewed certificate is a reload: new connections are shown it, old ones go on. Files that cannot be used change
# nothing. A listener that begins to ask for certificates lets nobody stay who has none.
. tests/e2e/lib.sh
command -v openssl >/dev/null || { echo "skipped: needs openssl"; exit 77; }
make_installation
start_legacy
start_llm

# make_certificate NAME: signed by itself, valid for this machine's loopback
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-addext "subjectAltName=IP:127.0.0.1" -keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
}
use_certificate() {
	cp "$work/$1.pem" "$work/tap.pem"
	cp "$work/${2:-$1}.key" "$work/tap.key"
}
shown_name() {
	openssl s_client -connect "${tap_url#https://}" </dev/null 2>/dev/null | sed -n 's/^subject=CN = //p'
}
# reload: and waits until it is done or refused
reload() {
	before=$(cat "$log/run" "$log/run-errors" | grep -c -e '^reloaded' -e 'stays in force' || true)
	kill -HUP "$run_pid"
	tries=0
	until [ "$(cat "$log/run" "$log/run-errors" | grep -c -e '^reloaded' -e 'stays in force' || true)" -gt "$before" ]; do
		tries=$((tries + 1))
		[ $tries -le 600 ] || fail "no reload"
		sleep 0.05
	done
}
request() { printf 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'; }

make_certificate first
make_certificate second
use_certificate first
sed -i "s|^  legacy: .*|&\n  tls: {certificate: $work/tap.pem, key: $work/tap.key}|" "$contract"
start_run
tap_url=$(sed -n 's|^tap *[^:]*: \(https://[^ ]*\) .*|\1|p' "$log/run")
tap=$(child_of_run tap)
expect "the certificate at first" "$(shown_name)" first

# a client that keeps its connection over the renewal
mkfifo "$work/words"
openssl s_client -quiet -connect "${tap_url#https://}" <"$work/words" >"$work/heard" 2>/dev/null &
client=$!
pids="$pids $client"
exec 9>"$work/words"
request >&9
wait_line "$work/heard" "HTTP/1.1 405" >/dev/null
use_certificate second
reload
expect "the renewed certificate" "$(shown_name)" second
request >&9
tries=0
until [ "$(grep -o 'HTTP/1.1 405' "$work/heard" | wc -l)" -eq 2 ]; do
	tries=$((tries + 1))
	[ $tries -le 400 ] || fail "no second reply: $(cat "$work/heard")"
	kill -0 $client 2>/dev/null || fail "the connection was closed by the renewal: $(cat "$work/heard")"
	sleep 0.05
done
grep -q "Connection: close" "$work/heard" && fail "the renewal ended a connection"

# a key that does not belong to it
use_certificate first second
reload
grep -q "tap.key: does not belong to the certificate" "$log/run-errors" || fail "no word on the key: $(cat "$log/run-errors")"
expect "the certificate after a wrong key" "$(shown_name)" second

# certificates are asked for from now on
use_certificate second
sed -i "s|^  tls: {|&ca: $work/first.pem, |" "$contract"
reload
request >&9 2>/dev/null || true
wait_line "$work/heard" "Connection: close" >/dev/null
exec 9>&-
expect "the tap's process" "$(child_of_run tap)" "$tap"
