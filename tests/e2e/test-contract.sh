# A contract as a product: lint, comparison of versions, and versions that are frozen once a worker used them.
. tests/e2e/lib.sh
mkdir "$work/contracts"
cp tests/pipeline/data/contract.yaml tests/pipeline/data/response.schema.json "$work/contracts/"
contract=$work/contracts/contract.yaml
schema=$work/contracts/response.schema.json
cat >"$config" <<'YAML'
store: sqlite:var/understudy.db
spool: file:var/spool
ring: {path: var/capture.ring, mib: 1}
interfaces: [contracts/contract.yaml]
YAML
echo '{"message": {"id": "A", "at": "2026-11-10T10:00:00Z"}, "llm": {"queue": "x", "amount": 10}}' >"$work/a.jsonl"
echo '{"message": {"id": "B", "at": "2026-11-10T10:00:00Z"}, "llm": {"queue": "x", "amount": 20}}' >"$work/b.jsonl"

# exits STATUS COMMAND...: the command's output in $work/out, its messages in $work/err.
exits() {
	wanted=$1
	shift
	status=0
	"$understudy" "$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$wanted" ] || fail "$*: exit code $status, not $wanted: $(cat "$work/out" "$work/err")"
}
says() { grep -q "$1" "$work/out" || fail "not said: $1 in $(cat "$work/out")"; }

# --- check ---
exits 0 contract check "$contract"
says "contract.yaml:5: warning: owners.escalation is missing; .* \[owner-missing\]"
says "^$contract: interface orders, version 1.0.0: 3 fields, 1 candidate; 0 errors, "
exits 2 contract check --strict "$contract"
exits 0 contract check --json "$contract"
expect "warnings counted" "$(jq '[.findings[] | select(.level == "warning")] | length' "$work/out")" "$(jq .warnings "$work/out")"
cp "$contract" "$work/good.yaml"
sed -i 's|at: /queue|at: /queeu|' "$contract"
exits 2 contract check "$contract"
says 'contract.yaml:13: error: field "queue": the response schema allows no value at /queeu of a record; .* \[field-unreachable\]'
cp "$work/good.yaml" "$contract"
exits 0 contract check --rules
expect "rules" "$(wc -l <"$work/out")" "$("$understudy" contract check --rules --json | jq length)"

# --- frozen versions ---
exits 0 replay -c "$config" "$work/a.jsonl"
expect "versions used" "$(sql 'SELECT group_concat(version) FROM contract_version')" 1.0.0
cp -r "$work/contracts" "$work/old"
sed -i 's/"number"/["number", "null"]/' "$schema"
for command in work replay; do
	case $command in
	work) exits 2 work -c "$config" --until-idle --new-epoch ;;
	replay) exits 2 replay -c "$config" --new-epoch "$work/b.jsonl" ;;
	esac
	grep -q "contract.yaml:3: version 1.0.0 of interface \"orders\" was used with another content (changed: schemas; \
the response schema is not FORWARD compatible), .* write version: 2.0.0 or later" "$work/err" ||
		fail "$command: $(cat "$work/err")"
done
expect "exchanges of the refused version" "$(sql 'SELECT count(*) FROM exchange')" 1

# what diff says is what the worker says
exits 1 contract diff "$work/old/contract.yaml" "$contract"
says '^response schema: BACKWARD$'
says '    /amount: the new schema allows the type null, the old schema does not'
says '^version: must be at least 2.0.0, is 1.0.0 '
sed -i 's/^version: 1.0.0/version: 1.9.0/' "$contract"
exits 1 contract diff "$work/old/contract.yaml" "$contract"
says '^verdict: the version says too little'
sed -i 's/^version: 1.9.0/version: 2.0.0/' "$contract"
exits 1 contract diff --json "$work/old/contract.yaml" "$contract"
expect "the version" "$(jq -c '[.version_fits, .breaks, .step, .least_version]' "$work/out")" '[true,true,"major","2.0.0"]'
exits 1 contract diff --schema --mode forward "$work/old/response.schema.json" "$schema"
exits 0 contract diff --schema "$work/old/response.schema.json" "$schema"
exits 2 contract diff --schema --mode sideways "$work/old/response.schema.json" "$schema"
exits 2 contract diff "$work/old/contract.yaml"

# a candidate by another name is another candidate
sed 's/name: mini/name: maxi/' "$contract" >"$work/contracts/maxi.yaml"
exits 0 contract diff "$contract" "$work/contracts/maxi.yaml"
says '^    + candidates.maxi: '
says '^evidence: the candidate mini is gone; '
says '^verdict: compatible$'

# with a new version it is a matter of the evaluation period only, and then goes on
exits 2 replay -c "$config" "$work/b.jsonl"
grep -q "new-epoch" "$work/err" || fail "the period: $(cat "$work/err")"
exits 0 replay -c "$config" --new-epoch "$work/b.jsonl"
expect "versions used" "$(sql 'SELECT group_concat(version) FROM contract_version')" 1.0.0,2.0.0
expect "exchanges" "$(sql 'SELECT count(*) FROM exchange')" 2

# the former version with its former content is still the same
cp "$work/old/response.schema.json" "$schema"
sed -i 's/^version: 2.0.0/version: 1.0.0/' "$contract"
exits 0 replay -c "$config" --new-epoch "$work/b.jsonl"

# what is not content needs no version
sed -i 's/lead@example.com/other@example.com/' "$contract"
exits 0 replay -c "$config" "$work/b.jsonl"

# in dev the content may change, and it is said
sed -i 's/^environment: prod/environment: dev/; s/usd_per_transaction: 0.01/usd_per_day: 3/' "$contract"
exits 0 work -c "$config" --until-idle --new-epoch
grep -q "version 1.0.0 of interface \"orders\" has another content than before" "$work/err" || fail "dev: $(cat "$work/err")"
sed -i 's/^environment: dev/environment: test/' "$contract"
exits 0 work -c "$config" --until-idle
