#!/bin/sh
# make bench: what the skeleton is held to. Prints a table and writes build/bench.jsonl, one object for each figure:
# {"name", "value", "unit", "ratio", "against"}. N (200000) exchanges; runs alternate with the floor they are held against.
set -eu
root=$(pwd)
understudy=$root/build/understudy
n=${N:-200000}
rounds=${ROUNDS:-3}
work=$(mktemp -d "${TMPDIR:-/tmp}/understudy-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
results=$root/build/bench.jsonl
: >"$results"

# figure NAME VALUE UNIT RATIO AGAINST
figure() {
	printf '{"name":"%s","value":%s,"unit":"%s","ratio":%s,"against":"%s"}\n' "$@" >>"$results"
	printf '%-46s %12s %-14s %6s of %s\n' "$@"
}
now() { date +%s%N; }
median() { sort -n | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
divide() { awk -v a="$1" -v b="$2" -v f="${3:-%.3f}" 'BEGIN {printf f, a / b}'; }

cp -r "$root/tests/bench/contract" "$work/contract"
cat >"$work/understudy.yaml" <<'YAML'
store: sqlite:var/understudy.db
spool: file:var/spool
ring: {path: var/ring, mib: 1}
interfaces: [contract/contract.yaml]
YAML

# Recorded exchanges: a message of about 650 bytes, eight fields in each reply, one record in sixteen differs.
awk -v n="$n" 'BEGIN {
	srand(1)
	split("please help me with my order it did not arrive yet and when will it be delivered to the address given thank you customer invoice amount wrong paid twice parcel damaged screen broken login password", word, " ")
	split("billing refunds delivery returns technical account", queue, " ")
	for (i = 1; i <= n; i++) {
		text = ""
		for (k = 0; k < 80; k++) text = text word[1 + int(rand() * 34)] " "
		q = queue[1 + int(rand() * 6)]
		rest = sprintf("\"priority\":\"normal\",\"amount\":%.2f,\"language\":\"en\",\"city\":\"Berlin\",\"country\":\"DE\",\"sku\":\"A%06d\",\"due\":\"2026-12-%02d\"}", rand() * 1000, rand() * 1000000, 1 + rand() * 28)
		other = rand() < 0.0625 ? "sales" : q
		printf "{\"message\":{\"ticket_id\":\"T%08d\",\"created\":\"2026-%02d-%02dT10:00:00Z\",\"product\":\"Widget %d\",\"text\":\"%s\",\"contact\":\"a%d@example.com\"},\"legacy\":{\"queue\":\"%s\",%s,\"llm\":{\"queue\":\"%s\",%s}\n", i, 9 + rand() * 3, 1 + rand() * 28, rand() * 50, text, i, q, rest, other, rest
	}
}' >"$work/recorded.jsonl"
payload=$(wc -c <"$work/recorded.jsonl")
echo "understudy bench: $n recorded exchanges, $rounds rounds, $(nproc) processors, medians"

# The floor: the same bytes into one table of a bare SQLite, in transactions of 500, synchronous = FULL.
floor() {
	rm -f "$work/floor.db"*
	awk 'BEGIN {print "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e (id INTEGER PRIMARY KEY, body TEXT); BEGIN;"}
		{gsub(/\047/, "\047\047"); print "INSERT INTO e (body) VALUES (\047" $0 "\047);"; if (NR % 500 == 0) print "COMMIT; BEGIN;"}
		END {print "COMMIT;"}' "$work/recorded.jsonl" >"$work/floor.sql"
	begin=$(now)
	sqlite3 "$work/floor.db" <"$work/floor.sql" >/dev/null
	end=$(now)
	divide "$((n * 1000))" "$(((end - begin) / 1000000))" %.0f
	echo
}
end_to_end() {
	rm -rf "$work/var"
	begin=$(now)
	"$understudy" replay -c "$work/understudy.yaml" "$work/recorded.jsonl" >/dev/null
	end=$(now)
	divide "$((n * 1000))" "$(((end - begin) / 1000000))" %.0f
	echo
}
for _ in $(seq "$rounds"); do
	floor >>"$work/floor-rates"
	end_to_end >>"$work/replay-rates"
done
floor_rate=$(median <"$work/floor-rates")
rate=$(median <"$work/replay-rates")
figure "replay to compared records, eight fields" "$rate" "exchanges/s" "$(divide "$rate" "$floor_rate")" "bare SQLite inserts of the same text"
figure "the same, against its aim" "$rate" "exchanges/s" "$(divide "$rate" 28000)" "28,000 exchanges/s"

sqlite3 "$work/var/understudy.db" "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
bytes=$(wc -c <"$work/var/understudy.db")
figure "store, per exchange" "$(divide "$bytes" "$n" %.0f)" "bytes" "$(divide "$bytes" "$payload")" "the recorded bytes"

# A report over a million exchanges: the same messages again and again under other identities.
times=$((1000000 / n - 1))
for k in $(seq $times); do
	sed "s/\"ticket_id\":\"T/\"ticket_id\":\"R$k-/" "$work/recorded.jsonl" >"$work/more.jsonl"
	"$understudy" replay -c "$work/understudy.yaml" "$work/more.jsonl" >/dev/null
done
for _ in $(seq "$rounds"); do
	begin=$(now)
	"$understudy" report -c "$work/understudy.yaml" --as-of 2026-12-01T06:00:00Z -o "$work/report" >/dev/null
	end=$(now)
	echo $(((end - begin) / 1000000))
done >"$work/report-times"
milliseconds=$(median <"$work/report-times")
figure "report with plots over $((n * (times + 1))) exchanges" "$milliseconds" "ms" "$(divide "$milliseconds" 1000)" "1 s"
echo "written to $results"
