# Wrong input of every kind: one line on standard error that says where, what and what to do; exit code 2; nothing made.
. tests/e2e/lib.sh
make_installation
trap cleanup EXIT

# refused WHAT PATTERN COMMAND...: runs it, expects exit 2, exactly one line that matches.
refused() {
	what=$1
	pattern=$2
	shift 2
	status=0
	"$@" >"$work/out" 2>"$work/err" || status=$?
	expect "$what: exit code" "$status" 2
	expect "$what: lines" "$(wc -l <"$work/err")" 1
	grep -qE "^understudy: $pattern" "$work/err" || fail "$what: $(cat "$work/err")"
	[ ! -e "$work/var" ] || fail "$what: made $(ls "$work/var")"
}
# changed SED-SCRIPT: the contract, changed.
changed() {
	cp "$example/contracts/ticket-routing/contract.yaml" "$contract"
	sed -i "$1" "$contract"
}
run="$understudy work --until-idle -c $config"

refused "no command" "unknown command" "$understudy" nonsense
refused "no configuration" "-c FILE is missing" "$understudy" run
refused "missing file" ".*none.yaml: .*" "$understudy" run -c "$work/none.yaml"
changed 's/^fields:/fild:/'
refused "unknown key" ".*contract.yaml:[0-9]+: .*fild.*" $run
changed 's/timeout_ms: 8000/timeout_ms: soon/'
refused "wrong type" ".*contract.yaml:[0-9]+: .*timeout_ms.*" $run
changed 's/\["\$.ticket_id"\], event/["$.ticket_id["], event/'
refused "bad JSONPath" ".*contract.yaml:[0-9]+: .*" $run
changed 's/response.schema.json/missing.schema.json/'
refused "missing schema" ".*missing.schema.json.*" $run
changed 's/{number: {abs: 0.005}}/{numbr: {abs: 0.005}}/'
refused "unknown comparator" ".*contract.yaml:[0-9]+: .*number.*" $run
changed 's/internal: .*/internal: ["$.ticket_id"]/'
refused "prompt with an unclassified field" ".*contract.yaml:[0-9]+: .*classified.*" $run
changed 's/alpha: 0.05/alpha: 0.9/'
refused "probability out of range" ".*contract.yaml:[0-9]+: .*alpha.*" $run
changed ''
unset LLM_API_KEY
refused "missing environment variable" ".*contract.yaml:[0-9]+: .*LLM_API_KEY.*" $run
export LLM_API_KEY=super-secret-value
changed 's/min_weeks: 4/min_weeks: four/'
refused "wrong type beside a secret" ".*contract.yaml:[0-9]+: .*" $run
grep -q super-secret "$work/err" && fail "a secret was printed"
changed ''

# a port in use
start_legacy
port=${LEGACY_URL##*:}
TAP_LISTEN=127.0.0.1:$port refused "port in use" ".*$port.*" "$understudy" run -c "$config"

# stores that are not ours: untouched
mkdir "$work/var"
refuse_store() {
	before=$(sha256sum <"$work/var/understudy.db")
	status=0
	$run >"$work/out" 2>"$work/err" || status=$?
	expect "$1: exit code" "$status" 2
	expect "$1: lines" "$(wc -l <"$work/err")" 1
	grep -qE "^understudy: .*$2" "$work/err" || fail "$1: $(cat "$work/err")"
	expect "$1: the file" "$(sha256sum <"$work/var/understudy.db")" "$before"
}
echo "this is no database, it is a text of some length that stands where the store should be" >"$work/var/understudy.db"
refuse_store "garbage" "understudy.db"
rm "$work/var/understudy.db"
sqlite3 "$work/var/understudy.db" "CREATE TABLE other (x)"
refuse_store "another program's database" "understudy.db"
rm -rf "$work/var"
$run >/dev/null 2>&1 || fail "the worker alone does not run: $($run 2>&1)"
sqlite3 "$work/var/understudy.db" "PRAGMA user_version = 999"
refuse_store "a store of a newer version" "newer"
