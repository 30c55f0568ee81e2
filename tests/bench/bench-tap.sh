#!/bin/sh
# make bench-tap: what the live path costs a caller, beside nginx as the proxy in the same place. Prints a table and writes
# build/bench-tap.jsonl, one object for each figure: {"name", "value", "unit", "ratio", "against", "goal", "reached"}.
#
# All on loopback, nothing pinned: wrk with one thread sends messages of 1 KB, each with an identity of its own; the
# legacy system is an nginx that answers with 317 bytes; every proxy has one worker, keepalive to the legacy system and no
# access log; the tap has its defaults. ROUNDS (5) rounds of SECONDS (3) each, in which all sides take turns; figures are
# medians, ratios the medians of the rounds' ratios. Each side of the tap begins with a fresh installation, and nothing
# else runs beside the side that is measured. "captured" is what stands in the ledger (stored, duplicate, in the spool)
# for each request that a client got a reply to. FIXED_RATE (2000) requests/s is tests/bench/load.c, open loop.
. tests/e2e/lib.sh
trap 'exit 1' INT TERM HUP PIPE
rounds=${ROUNDS:-5}
seconds=${SECONDS:-3}
fixed_rate=${FIXED_RATE:-2000}
many=${CONNECTIONS:-10000}
load=$root/build/tests/bench/load
results=$root/build/bench-tap.jsonl
raw=$work/raw
ring=/dev/shm/$(basename "$work").ring
message=$work/message.json
run_pid=""
: >"$results"
: >"$raw"

# --- the servers ---

free_port() {
	port=${port:-$((20000 + $$ % 12000))}
	port=$((port + 1))
	while grep -qi ":$(printf %04X $port) " /proc/net/tcp; do port=$((port + 1)); done
}

# start_nginx NAME SERVER-BLOCKS: one worker; its master's id goes to $work/NAME.pid
start_nginx() {
	mkdir "$work/$1"
	cat >"$work/$1/nginx.conf" <<-NGINX
		$([ "$(id -u)" -ne 0 ] || echo "user root;")
		worker_processes 1;
		worker_rlimit_nofile $(ulimit -Hn);
		daemon off;
		pid pid;
		error_log error.log error;
		events { worker_connections 16384; }
		http {
			access_log off;
			keepalive_requests 1000000000;
			keepalive_timeout 300s;
			client_body_temp_path body;
			proxy_temp_path proxy;
			fastcgi_temp_path fastcgi;
			uwsgi_temp_path uwsgi;
			scgi_temp_path scgi;
			$2
		}
	NGINX
	nginx -p "$work/$1" -c nginx.conf -e error.log 2>"$log/$1" &
	pids="$pids $!"
	echo $! >"$work/$1.pid"
}

upstream() {
	echo "upstream $1 { server 127.0.0.1:$2; keepalive 256; keepalive_requests 1000000000; }"
}
# mirroring PORT SINK-PORT SINK-NAME: a server that forwards and copies
mirroring() {
	upstream "$3" "$2"
	cat <<-NGINX
		server {
			listen 127.0.0.1:$1;
			location / { mirror /mirror; proxy_pass http://legacy; $forward }
			location = /mirror { internal; proxy_pass http://$3\$request_uri; $forward }
		}
	NGINX
}
forward="proxy_http_version 1.1; proxy_set_header Connection '';"

start_servers() {
	reply='{"queue":"refunds","priority":"normal","amount":null,"language":"en"}'
	reply=$(printf '%-317s' "$reply")
	free_port; legacy=$port
	start_nginx legacy "server { listen 127.0.0.1:$legacy; location / { default_type application/json; return 200 '$reply'; } }"
	free_port; plain=$port
	start_nginx plain "$(upstream legacy "$legacy")
		server { listen 127.0.0.1:$plain; location / { proxy_pass http://legacy; $forward } }"
	free_port; sink=$port
	free_port; sink_with_body=$port
	start_nginx sink "server { listen 127.0.0.1:$sink; location / { return 204; } }
		server { listen 127.0.0.1:$sink_with_body; location / { return 200 '$reply'; } }"
	free_port; mirror=$port
	free_port; mirror_with_body=$port
	start_nginx mirror "$(upstream legacy "$legacy") $(mirroring "$mirror" "$sink" sink)
		$(mirroring "$mirror_with_body" "$sink_with_body" sink_with_body)"
	for port_used in $legacy $plain $mirror $mirror_with_body; do
		curl -sf -o "$work/reply" --retry 20 --retry-connrefused --retry-delay 1 -d x "http://127.0.0.1:$port_used/route" ||
			fail "nginx does not answer at $port_used"
	done
}

# --- one fresh installation of the tap for each measurement ---

make_fresh() {
	rm -rf "$work/contracts" "$work/var" "$ring"
	make_installation
	sed -i "s|^ring: .*|ring: {path: $ring}\ntap: {connections: $many}|" "$config"
	export LEGACY_URL=http://127.0.0.1:$legacy
	mkdir -p "$work/var/spool"
}

fill_disk() {
	mount -t tmpfs -o size=8m tmpfs "$work/var/spool" || fail "cannot mount"
	mounted=$work/var/spool
}

free_disk() {
	[ -n "${mounted:-}" ] || return 0
	umount "$mounted" || fail "cannot unmount"
	mounted=""
}

# start_tap [roomy|full] [answers|hangs]
start_tap() {
	make_fresh
	[ "$1" = roomy ] || fill_disk
	rm -f "$log/llm" # the former one's line must not be taken for the new one's
	case $2 in
	hangs) start_llm --faults hang=1 ;;
	*) start_llm --latency-ms 300 ;;
	esac
	llm_pid=${pids##* }
	start_run
	# more than fits: from here on the ring fills and its drops are counted
	[ "$1" = roomy ] || dd if=/dev/zero of="$work/var/spool/fill" bs=64k >/dev/null 2>&1 || true
	tap_pid=$(child_of_run tap)
	worker_pid=$(child_of_run work)
}

end_tap() {
	kill -CONT "$worker_pid"
	stop_run
	end_process "$llm_pid"
	pids=${pids% *}
	free_disk
	rm -rf "$ring" "$work/var"
}

# What the ledger has of it, once the drainer has emptied the ring: the worker is stopped, the count is the same thrice.
captured() {
	before=-1
	same=0
	for _ in $(seq 50); do
		after=$(status_json '.exchanges | .stored + .duplicate + .in_spool')
		[ "$after" = "$before" ] && same=$((same + 1)) || same=0
		[ $same -lt 2 ] || break
		before=$after
		sleep 0.3
	done
	echo "$after"
}

# --- measuring ---

worker_of() {
	for task in /proc/[0-9]*; do
		[ "$(awk '{print $4}' "$task/stat" 2>/dev/null)" != "$1" ] || basename "$task"
	done
}

# us of processor time: all threads, user and system, in steps of 10 ms
cpu_of() {
	sed 's/.*) //' "/proc/$1/stat" | awk -v hz="$(getconf CLK_TCK)" '{printf "%.0f", ($12 + $13) * 1000000 / hz}'
}

# saturate CONNECTIONS URL PID: prints "requests/s p50_ms p99_ms cpu_us/request requests", the last with the warm-up's
saturate() {
	wrk -t1 -c"$1" -d1s -s "$work/post.lua" "$2" >"$work/warm"
	cpu=$(cpu_of "$3")
	wrk -t1 -c"$1" -d"${seconds}s" --latency -s "$work/post.lua" "$2" >"$work/wrk"
	grep -h -E 'Non-2xx|Socket errors' "$work/warm" "$work/wrk" >&2 && fail "wrk had errors at $2"
	cpu=$(($(cpu_of "$3") - cpu))
	warm=$(awk '/requests in/ {print $1}' "$work/warm")
	awk -v cpu=$cpu -v warm="$warm" '
		function ms(text) { return text ~ /us$/ ? text / 1000 : text ~ /ms$/ ? text + 0 : text * 1000 }
		$1 == "50%" {p50 = ms($2)} $1 == "99%" {p99 = ms($2)} /requests in/ {n = $1} /^Requests\/sec/ {rate = $2}
		END {printf "%s %s %s %.2f %.0f\n", rate, p50, p99, cpu / n, n + warm}' "$work/wrk"
}

# note SIDE CONNECTIONS ...: one line of raw figures: side, connections, requests/s, p50, p99, cpu, answered, captured
note() {
	echo "$*" >>"$raw"
	echo "$*" | awk '{printf "  %-16s %5s connections %8.0f requests/s  p50 %7.3f  p99 %7.3f ms  %6.2f us/request%s\n",
		$1, $2, $3, $4, $5, $6, $8 == "" ? "" : sprintf("  captured %.3f", $8 / $7)}'
}

# proxy_side SIDE CONNECTIONS PORT NGINX
proxy_side() {
	note "$1" "$2" "$(saturate "$2" "http://127.0.0.1:$3/route" "$(worker_of "$(cat "$work/$4.pid")")")"
}

# tap_side SIDE CONNECTIONS running|stopped roomy|full answers|hangs
tap_side() {
	start_tap "$4" "$5"
	[ "$3" = running ] || kill -STOP "$worker_pid"
	line=$(saturate "$2" "$tap_url/route" "$tap_pid")
	kill -STOP "$worker_pid"
	note "$1" "$2" "$line" "$(captured)"
	end_tap
}

# fixed_side SIDE URL [PID]: in the place of requests/s stands the rate asked for
fixed_side() {
	host=${2#http://}
	cpu=$(cpu_of "$3")
	line=$("$load" "${host%:*}" "${host#*:}" /route 16 "$fixed_rate" "$seconds" "$message")
	cpu=$(($(cpu_of "$3") - cpu))
	echo "$line" | grep -q "waiting 0 errors 0 " || fail "at the fixed rate: $line"
	answered=$((fixed_rate * (seconds + 1)))
	note "$1" fixed "$(echo "$line" | awk -v rate="$fixed_rate" -v n=$answered -v cpu=$cpu \
		'{printf "%s %.4f %.4f %.2f %.0f", rate, $10 / 1000, $12 / 1000, cpu / n, n}')" ${4:+"$($4)"}
}

fixed_tap() {
	start_tap roomy answers
	[ "$2" = running ] || kill -STOP "$worker_pid"
	fixed_side "$1" "$tap_url" "$tap_pid" stop_and_count
	end_tap
}

stop_and_count() {
	kill -STOP "$worker_pid"
	captured
}

one_round() {
	proxy_side plain 64 "$plain" plain
	tap_side tap-stopped 64 stopped roomy answers
	tap_side tap-running 64 running roomy answers
	proxy_side mirror 64 "$mirror" mirror
	proxy_side mirror-with-body 64 "$mirror_with_body" mirror
	tap_side tap-hanging 64 running roomy hangs
	[ -z "$can_mount" ] || tap_side tap-full 64 stopped full answers
	proxy_side plain 8 "$plain" plain
	tap_side tap-stopped 8 stopped roomy answers
	fixed_side direct "http://127.0.0.1:$legacy" "$(worker_of "$(cat "$work/legacy.pid")")"
	fixed_side plain "http://127.0.0.1:$plain" "$(worker_of "$(cat "$work/plain.pid")")"
	fixed_tap tap-stopped stopped
	fixed_tap tap-running running
}

# --- figures ---

# figure NAME VALUE UNIT RATIO AGAINST GOAL, the goal being "" or such as ">= 0.9", and about the ratio, which may be null
figure() {
	reached=null
	[ -z "$6" ] || [ "$4" = null ] || reached=$(awk -v v="$4" -v goal="$6" 'BEGIN {
		split(goal, part, " "); print (part[1] == ">=" ? v >= part[2] : v <= part[2]) ? "true" : "false"}')
	printf '{"name":"%s","value":%s,"unit":"%s","ratio":%s,"against":"%s","goal":"%s","reached":%s}\n' "$@" "$reached" >>"$results"
	printf '%-50s %9s %-12s %7s of %-26s %-7s %s\n' "$@" "$(echo "$reached" | sed 's/true/reached/; s/false/MISSED/; s/null//')"
}

# median SIDE CONNECTIONS COLUMN
median() {
	awk -v side="$1" -v c="$2" -v column="$3" '$1 == side && $2 == c {print $column}' "$raw" | middle
}
middle() { sort -n | awk '{v[NR] = $1} END {printf "%.3f", NR == 0 ? 0 : (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

# compare NAME SIDE OTHER CONNECTIONS COLUMN UNIT AGAINST GOAL: the n-th line of a side is of the n-th round
compare() {
	ratio=$(awk -v side="$2" -v other="$3" -v c="$4" -v column="$5" '
		$2 == c && $1 == side {a[++n] = $column} $2 == c && $1 == other {b[++m] = $column}
		END {for (i = 1; i <= n; i++) print a[i] / b[i]}' "$raw" | middle)
	figure "$1" "$(median "$2" "$4" "$5")" "$6" "$ratio" "$7" "$8"
}

# The share of what was answered that stands in the ledger.
figure_captured() {
	share=$(awk -v side="$2" -v c="$3" '$1 == side && $2 == c {print $8 / $7}' "$raw" | middle)
	figure "$1" "$(median "$2" "$3" 8)" exchanges "$share" "those answered" "$4"
}

# added NAME SIDE COLUMN GOAL: what a side adds to the direct way, against what plain nginx adds; no ratio where plain
# nginx seems to add nothing, for then the machine was not quiet enough to tell
added() {
	own=$(awk -v a="$(median "$2" fixed "$3")" -v d="$(median direct fixed "$3")" 'BEGIN {printf "%.1f", (a - d) * 1000}')
	ratio=$(awk -v own="$own" -v p="$(median plain fixed "$3")" -v d="$(median direct fixed "$3")" \
		'BEGIN {if (p > d) printf "%.3f", own / ((p - d) * 1000); else print "null"}')
	figure "$1" "$own" us "$ratio" "what plain nginx adds" "$4"
}

print_figures() {
	compare "64 connections, worker stopped" tap-stopped plain 64 3 requests/s "plain nginx" ">= 0.9"
	compare "64 connections, worker running" tap-running plain 64 3 requests/s "plain nginx" ">= 0.8"
	compare "64 connections, worker stopped" tap-stopped mirror 64 3 requests/s "nginx, mirror to a 204" ">= 4"
	compare "64 connections, worker running" tap-running mirror 64 3 requests/s "nginx, mirror to a 204" ""
	compare "64 connections, worker stopped" tap-stopped mirror-with-body 64 3 requests/s "nginx, mirror to 317 bytes" ">= 4"
	compare "64 connections, worker running" tap-running mirror-with-body 64 3 requests/s "nginx, mirror to 317 bytes" ""
	compare "64 connections, worker stopped, p99" tap-stopped plain 64 5 ms "plain nginx" "<= 1.2"
	compare "64 connections, worker running, p99" tap-running plain 64 5 ms "plain nginx" ""
	compare "64 connections, processor time" tap-stopped plain 64 6 us/request "plain nginx" ""
	figure_captured "64 connections, worker stopped, captured" tap-stopped 64 ">= 0.99"
	figure_captured "64 connections, worker running, captured" tap-running 64 ""
	compare "8 connections, worker stopped" tap-stopped plain 8 3 requests/s "plain nginx" ">= 0.9"
	compare "8 connections, worker stopped, p99" tap-stopped plain 8 5 ms "plain nginx" "<= 1.2"
	compare "8 connections, processor time" tap-stopped plain 8 6 us/request "plain nginx" ""
	figure_captured "8 connections, worker stopped, captured" tap-stopped 8 ">= 0.99"
	compare "LLM path hangs" tap-hanging tap-running 64 3 requests/s "the healthy case" ">= 0.95"
	compare "LLM path hangs, p99" tap-hanging tap-running 64 5 ms "the healthy case" "<= 1.2"
	compare "worker stopped" tap-stopped tap-running 64 3 requests/s "the healthy case" ">= 0.95"
	compare "worker stopped, p99" tap-stopped tap-running 64 5 ms "the healthy case" "<= 1.2"
	if [ -n "$can_mount" ]; then
		compare "disk full" tap-full tap-stopped 64 3 requests/s "worker stopped, disk free" ">= 0.95"
		compare "disk full, p99" tap-full tap-stopped 64 5 ms "worker stopped, disk free" "<= 1.2"
		figure_captured "disk full, captured" tap-full 64 ""
	fi
	added "$fixed_rate requests/s, added p50" tap-stopped 4 "<= 1.1"
	added "$fixed_rate requests/s, added p99" tap-stopped 5 "<= 1.1"
	added "$fixed_rate requests/s, worker running, added p50" tap-running 4 ""
	added "$fixed_rate requests/s, worker running, added p99" tap-running 5 ""
	compare "$fixed_rate requests/s, processor time" tap-stopped plain fixed 6 us/request "plain nginx" ""
	figure_captured "$fixed_rate requests/s, captured" tap-stopped fixed ">= 1"
}

memory_of() {
	awk -v name="$2:" '$1 == name {printf "%.1f", $2 / 1024}' "/proc/$1/status"
}

# Memory under many connections while nothing leaves the spool.
memory() {
	start_tap roomy answers
	kill -STOP "$worker_pid"
	before=$(memory_of "$tap_pid" VmRSS)
	host=${tap_url#http://}
	line=$("$load" "${host%:*}" "${host#*:}" /route "$many" "$fixed_rate" $((many / fixed_rate + 5)) "$message")
	echo "  load: $line"
	figure "memory before, VmRSS" "$before" MiB 1 "itself" ""
	for kind in VmHWM VmRSS RssAnon RssShmem; do
		value=$(memory_of "$tap_pid" $kind)
		figure "memory with $many connections, $kind" "$value" MiB "$(awk -v a="$value" -v b="$before" 'BEGIN {printf "%.3f", a / b}')" \
			"VmRSS before" ""
	done
	figure "of $many connections were served at once" "$(echo "$line" | awk '{print $8}')" connections \
		"$(echo "$line" | awk -v n="$many" '{printf "%.3f", $8 / n}')" "those opened" ""
	echo "  bounds: RssShmem is the ring (ring.mib, 64), counted twice: the tap's mapping and its drainer's. RssAnon: per connection"
	echo "  one object, and while bytes are under way a block each way, two heads and the copy (tap.capture_max). Connections past"
	echo "  the tap's limit wait in the kernel's backlog."
	end_tap
}

# --- the run ---

# 1 KB with its head: about 900 bytes of text
text=$(awk 'BEGIN {while (length(t) < 780) t = t "please refund my order, it did not arrive and I want my money back "; print t}')
printf '{"ticket_id":"T-000000","created":"2026-11-10T10:00:00Z","product":"Lamp","text":"%s","contact":"a@example.com"}' \
	"$text" >"$message"
cat >"$work/post.lua" <<'LUA'
local number, first, last = 0, nil, nil
function init()
	local file = io.open(os.getenv("MESSAGE"))
	local body = file:read("*a")
	local request = wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Host"] = wrk.host .. ":" .. wrk.port}, body)
	local at = request:find("T-000000", 1, true)
	first, last = request:sub(1, at + 1), request:sub(at + 8)
end
function request()
	number = number + 1
	return first .. string.format("%06d", number % 1000000) .. last
end
LUA
export MESSAGE="$message"
can_mount=""
if mkdir "$work/try" && mount -t tmpfs -o size=1m tmpfs "$work/try" 2>/dev/null; then
	umount "$work/try"
	can_mount=yes
fi
[ -w /dev/shm ] || fail "no /dev/shm for the ring"

echo "bench-tap: $rounds rounds of $seconds s, $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg), medians"
[ -n "$can_mount" ] || echo "no right to mount a tmpfs here: the full disk is left out"
start_servers
for round in $(seq "$rounds"); do
	echo "round $round of $rounds"
	one_round
done
echo "memory"
memory
print_figures
echo "written to $results"
