#!/usr/bin/env bash
# NFC, which many take to change nothing that can be seen, makes other characters of some that Japanese names are written with, and they cannot be had back.
#
# Packages: unicodedata2 18.0.0 (PyPI), unorm 1.6.0 (npm), with Python 3's codec cp932, which is what municipal files are written in.
#
# U+FA19 (神 as in old spellings of names) is a "compatibility ideograph" with a *canonical* decomposition (UAX #15, section 1.2), so NFC already replaces it by U+795E, and
# so does NFD; NFKC is not needed. Both are in cp932, with different bytes (ee 62 and 90 5f): a name that was read from a file, normalised and written again is another name.
# Of the four that are tried, three go and one stays: U+FA11 (﨑) has no decomposition, so one person's name survives and their neighbour's does not.
# A voiced mark that was typed by itself (U+309B) is the other way round: NFC and NFKC both leave カ゛ in two, so it is never equal to ガ, and NFKC makes three of it, with a blank.
set -euo pipefail
export LC_ALL=C.UTF-8
command -v npm >/dev/null || { echo "NOT TRIED: npm is not installed" >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{ python3 -m venv python && python/bin/pip install --quiet --disable-pip-version-check unicodedata2==18.0.0 &&
  npm install --silent --no-audit --no-fund unorm@1.6.0; } >install.log 2>&1 ||
  { echo "NOT TRIED: unicodedata2 18.0.0 or unorm 1.6.0 could not be installed" >&2; exit 2; }
cat >forms.py <<'P'
import importlib.metadata, unicodedata2
print("unicodedata2", importlib.metadata.version("unicodedata2"))
points = lambda text: " ".join(f"{ord(c):04X}" for c in text)
for name in ["\ufa19", "\ufa1a", "\ufa1b", "\ufa11"]:
    composed = unicodedata2.normalize("NFC", name)
    print("NFC", points(name), name.encode("cp932").hex(), "->", points(composed), composed.encode("cp932").hex())
for form in ["NFC", "NFKC"]:
    print(form, "30AB 309B ->", points(unicodedata2.normalize(form, "\u30ab\u309b")))
P
cat >forms.cjs <<'J'
const unorm = require("unorm");
console.log("unorm", require("unorm/package.json").version);
const points = (text) => [...text].map((c) => c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")).join(" ");
for (const name of ["\ufa19", "\ufa1a", "\ufa1b", "\ufa11"]) console.log("NFC", points(name), "->", points(unorm.nfc(name)));
for (const form of ["nfc", "nfkc"]) console.log(form.toUpperCase(), "30AB 309B ->", points(unorm[form]("\u30ab\u309b")));
J
seen="$(python/bin/python forms.py; node forms.cjs)"
echo "$seen"
[ "$seen" = "$(cat <<'S'
unicodedata2 18.0.0
NFC FA19 ee62 -> 795E 905f
NFC FA1A ee63 -> 7965 8fcb
NFC FA1B ee65 -> 798F 959f
NFC FA11 ed95 -> FA11 ed95
NFC 30AB 309B -> 30AB 309B
NFKC 30AB 309B -> 30AB 0020 3099
unorm 1.6.0
NFC FA19 -> 795E
NFC FA1A -> 7965
NFC FA1B -> 798F
NFC FA11 -> FA11
NFC 30AB 309B -> 30AB 309B
NFKC 30AB 309B -> 30AB 0020 3099
S
)" ] || { echo "DIFFERS from what is stated above" >&2; exit 1; }
