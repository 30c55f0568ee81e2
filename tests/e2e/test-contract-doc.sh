# The mapping specification there and back: contract doc writes it, openpyxl opens and edits it, contract apply shows the
# changes, writes them, and refuses a table with faults.
. tests/e2e/lib.sh
make_installation
python=python3
"$python" -c 'import openpyxl' 2>/dev/null || python=/usr/bin/python3
"$python" -c 'import openpyxl' 2>/dev/null || { echo "skipped: no openpyxl; install python3-openpyxl" >&2; exit 77; }
schema=$work/contracts/ticket-routing/response.schema.json
table=$work/out/ticket-routing-1.0.0.xlsx
page=$work/out/ticket-routing-1.0.0.html
contract_command="$understudy contract"

# run_apply EXPECTED-EXIT-CODE ARGUMENTS...: output in $work/result and $work/err
run_apply() {
	expected=$1
	shift
	status=0
	$contract_command apply "$contract" "$@" >"$work/result" 2>"$work/err" || status=$?
	expect "exit code of apply $*" "$status" "$expected"
}
says() {
	grep -qF -- "$1" "$work/result" || fail "no \"$1\" in: $(cat "$work/result")"
}
# edit_table FILE PYTHON-LINES: the workbook with cells set, cell(ROW, HEAD) being one of them
edit_table() {
	printf '%s\n' "import openpyxl, sys" "book = openpyxl.load_workbook(sys.argv[1])" "sheet = book['Fields']" \
		"heads = {c.value: c.column for c in sheet[1]}" "cell = lambda row, head: sheet.cell(row, heads[head])" \
		"$2" "book.save(sys.argv[2])" >"$work/edit.py"
	"$python" "$work/edit.py" "$table" "$1"
}

# written: both files, the same bytes for the same contract, nothing from outside
$contract_command doc "$contract" -o "$work/out" --json >"$work/result" || fail "doc ended with $?"
expect "files" "$(jq -r '.files[]' "$work/result" | tr '\n' ' ')" "$page $table "
$contract_command doc "$contract" -o "$work/again" >/dev/null
cmp "$table" "$work/again/ticket-routing-1.0.0.xlsx"
cmp "$page" "$work/again/ticket-routing-1.0.0.html"
if grep -nE 'src=|href="[^#]|url\(|@import|<script' "$page"; then fail "the page asks for something"; fi
$contract_command doc "$contract" -o "$work/only" --format html >/dev/null
expect "one format" "$(ls "$work/only")" "ticket-routing-1.0.0.html"

# as another program sees it
cat >"$work/look.py" <<'PYTHON'
import openpyxl, sys
book = openpyxl.load_workbook(sys.argv[1])
assert book.sheetnames == ["Overview", "Fields", "Reply", "Message", "Code lists", "Understudy"], book.sheetnames
assert book["Understudy"].sheet_state == "hidden"
sheet = book["Fields"]
heads = {c.value: c for c in sheet[1]}
assert sheet.freeze_panes == "B2", sheet.freeze_panes
assert sheet.protection.sheet
lists = {}
for rule in sheet.data_validations.dataValidation:
    for area in rule.sqref.ranges:
        lists[area.min_col] = rule.formula1
assert lists[heads["Comparison"].column].strip('"').split(",")[:2] == ["exact", "number"]
assert lists[heads["Critical"].column] == '"yes,no"' and lists[heads["Required"].column] == '"yes,no"'
assert sheet.cell(2, heads["Field"].column).protection.locked
assert sheet.cell(2, heads["Type"].column).protection.locked
assert not sheet.cell(2, heads["Meaning"].column).protection.locked
assert not sheet.cell(6, heads["Field"].column).protection.locked  # a row for a new field
assert sheet.cell(4, heads["Tolerance, options"].column).value == "abs: 0.005"
for other in book:
    for row in other.iter_rows():
        for cell in row:
            assert cell.data_type in ("s", "n") and (cell.data_type == "s" or cell.value is None), cell
PYTHON
"$python" "$work/look.py" "$table" || fail "the workbook is not as it should be"

# back without an edit
run_apply 0 "$table"
says "The table changes nothing."

# shown: nothing is written
cp -r "$work/contracts" "$work/before"
edit_table "$work/edited.xlsx" "cell(2, 'Meaning').value = '=HYPERLINK(\"x\") # the team'
cell(2, 'Meaning').data_type = 's'
cell(2, 'Allowed values').value += '\nlegal'
cell(4, 'Tolerance, options').value = 0.01
cell(5, 'Remove').value = 'yes'
cell(6, 'Field').value = 'confidence'
cell(6, 'In the legacy reply').value = cell(6, 'In the LLM reply').value = '/confidence'
cell(6, 'Comparison').value = 'number'"
run_apply 1 "$work/edited.xlsx"
says "5 changes:"
says "+version: 2.0.0"
says "-  - {name: amount, at: /amount, compare: {number: {abs: 0.005}}}"
says "+  - {name: amount, at: /amount, compare: {number: {abs: 0.01}}}"
says "+  - {name: confidence, at: /confidence, compare: number}"
says '"complaints", "sales", "legal"]}'
says "The evaluation period ends for: mini."
diff -r "$work/contracts" "$work/before" || fail "something was written"
run_apply 1 "$work/edited.xlsx" --json
expect "as JSON" "$(jq -c '[.step, .next_version, .ends_evaluation_period_of, (.changes | length), .written]' "$work/result")" \
	'["major","2.0.0",["mini"],5,false]'

# written: it loads, its comments are there, and the table has nothing more to say
run_apply 0 "$work/edited.xlsx" --write
says "Written; the contract loads."
$contract_command check "$contract" >"$work/result" || fail "the contract no longer loads"
says "version 2.0.0: 4 fields"
expect "comments" "$(grep -c '#' "$contract")" "$(($(grep -c '#' "$work/before/ticket-routing/contract.yaml") + 1))"
$contract_command diff "$work/before/ticket-routing/contract.yaml" "$contract" --json >"$work/result" || true
expect "the version fits" "$(jq .version_fits "$work/result")" true
jq -e '.properties.queue.enum | index("legal")' "$schema" >/dev/null || fail "no new code in the schema"
run_apply 0 "$work/edited.xlsx"
says "note: the contract has changed since this table was written from version 1.0.0"
says "The table changes nothing."

# the history since the older contract
$contract_command doc "$contract" -o "$work/out" --since "$work/before/ticket-routing/contract.yaml" --json >"$work/result"
expect "history" "$(jq -r '.changes | map(select(startswith("Field"))) | length' "$work/result")" 5
grep -q "Changes since version 1.0.0" "$work/out/ticket-routing-2.0.0.html" || fail "no history on the page"

# faults: each with its cell, and nothing is written
rm -r "$work/contracts"
cp -r "$work/before" "$work/contracts"
edit_table "$work/faulty.xlsx" "cell(2, 'Title').value = 'Queue'
cell(3, 'Critical').value = 'maybe'
cell(4, 'Minimum').value = 'low'"
run_apply 4 "$work/faulty.xlsx" --write
grep -q "^understudy: Fields R3: " "$work/err" || fail "no cell: $(cat "$work/err")"
edit_table "$work/faulty.xlsx" "cell(2, 'Title').value = 'Queue'
cell(4, 'Minimum').value = 'low'
cell(4, 'Tolerance, options').value = '0,01'"
run_apply 4 "$work/faulty.xlsx" --write
grep -q "^understudy: Fields I4: " "$work/err" || fail "no cell: $(cat "$work/err")"
grep -q "^understudy: Fields P4: " "$work/err" || fail "no cell: $(cat "$work/err")"
diff -r "$work/contracts" "$work/before" || fail "a faulty table wrote something"

# a table kept as CSV
printf 'Field;Comparison;Critical\nqueue;exact;no\npriority;exact;no\namount;number;no\nlanguage;text;yes\n' >"$work/t.csv"
run_apply 1 "$work/t.csv"
says "language: critical from “no” to “yes”"

# what cannot be read
run_apply 2 "$work/none.xlsx"
echo "PK and no more" >"$work/broken.xlsx"
run_apply 4 "$work/broken.xlsx"
sed -i 's/^interface:.*/interface: others/' "$contract"
run_apply 2 "$table"
grep -q 'the table is of interface "ticket-routing"' "$work/err" || fail "another interface: $(cat "$work/err")"
