#!/usr/bin/env bash
# A CSV file with a column of 18-digit numbers that is read and written again by libraries which guess types: two people's numbers become one, of 18 digits still.
#
# Packages: d3-dsv 3.0.2 (autoType), exceljs 4.4.0 (csv), xlsx 0.18.5 (rawNumbers) on npm; pandas 3.1.1 on PyPI.
#
# None says anything. What is left looks like a number that was typed: it has 18 digits, and the digits of its owner's town, which stand in front, are right.
#   * d3-dsv, exceljs and xlsx write the shortest decimal of the nearest binary64 (ECMA-262, Number::toString): 17 digits and a zero.
#   * pandas reads the column as float64 as soon as one cell is empty; the integer that is made of it afterwards is a multiple of 16, and ends in no zero:
#     looking for zeros at the end, as Excel's 15 digits leave them, finds none of it. Without an empty cell the column is int64 and nothing is lost.
#   * papaparse 5.4.1 (dynamicTyping), run beside them, leaves what a binary64 cannot hold as text.
set -euo pipefail
export LC_ALL=C.UTF-8
command -v npm >/dev/null || { echo "NOT TRIED: npm is not installed" >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{ python3 -m venv python && python/bin/pip install --quiet --disable-pip-version-check pandas==3.1.1 &&
  npm install --silent --no-audit --no-fund d3-dsv@3.0.2 exceljs@4.4.0 xlsx@0.18.5 papaparse@5.4.1; } >install.log 2>&1 ||
  { echo "NOT TRIED: a package could not be installed" >&2; exit 2; }
printf 'number,dose\n112714030000000001,1\n112714030000000002,1\n112714031234567891,1\n' >whole.csv
{ cat whole.csv; echo ',1'; } >gap.csv
cat >again.mjs <<'J'
import { readFileSync } from "node:fs";
import { csvFormat, csvParse, autoType } from "d3-dsv";
import ExcelJS from "exceljs";
import Papa from "papaparse";
import XLSX from "xlsx";
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
const say = (name, text) => console.log(name, version(name), text.trim().split("\n").slice(1).map((row) => row.trim().split(",")[0]).join(" "));
const text = readFileSync("whole.csv", "utf8");
say("d3-dsv", csvFormat(csvParse(text, autoType)));
const workbook = new ExcelJS.Workbook();
await workbook.csv.readFile("whole.csv");
say("exceljs", (await workbook.csv.writeBuffer()).toString());
const sheets = XLSX.read(text, { type: "string" });
say("xlsx", XLSX.utils.sheet_to_csv(sheets.Sheets[sheets.SheetNames[0]], { rawNumbers: true }));
say("papaparse", Papa.unparse(Papa.parse(text.trim(), { header: true, dynamicTyping: true }).data));
J
cat >again.py <<'P'
import pandas
for name in ["whole.csv", "gap.csv"]:
    table = pandas.read_csv(name)
    kind = table["number"].dtype
    numbers = table.dropna()["number"].astype("int64")
    print("pandas", pandas.__version__, name, kind, *numbers)
P
seen="$(node again.mjs; python/bin/python again.py)"
echo "$seen"
[ "$seen" = "$(cat <<'S'
d3-dsv 3.0.2 112714030000000000 112714030000000000 112714031234567890
exceljs 4.4.0 112714030000000000 112714030000000000 112714031234567890
xlsx 0.18.5 112714030000000000 112714030000000000 112714031234567890
papaparse 5.4.1 112714030000000001 112714030000000002 112714031234567891
pandas 3.1.1 whole.csv int64 112714030000000001 112714030000000002 112714031234567891
pandas 3.1.1 gap.csv float64 112714030000000000 112714030000000000 112714031234567888
S
)" ] || { echo "DIFFERS from what is stated above" >&2; exit 1; }
