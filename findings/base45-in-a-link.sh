#!/usr/bin/env bash
# A Base45 text (RFC 9285) in the fragment of a link has two readings, and both can be valid Base45 of different bytes.
#
# Packages: base45 0.4.4 (PyPI), urllib.parse of Python 3 (RFC 3986 percent-decoding), the WHATWG URL class and decodeURIComponent of Node.js.
#
# Base45's alphabet holds `%`, blank, `+`, `/` and the hexadecimal digits. So `%31` is three of its characters, or one that was percent-encoded:
#   * taken as it stands, DEOHK4S$TT%31VGV3 is the bytes c05b2339ec021e868404a6;
#   * percent-decoded, as every reader of links does, it is DEOHK4S$TT1VGV3, which is valid too: c05b2339ec02f5811d3e.
# Nothing says which was meant. A link that a browser has parsed shows why the first reading cannot simply be taken: the URL class encodes a blank
# as %20 and leaves a `%` as it is, so what comes out is half encoded. And decodeURIComponent throws on a `%` that stands by itself.
# A reader has to try both, and to go by which of them unpacks as a certificate.
set -euo pipefail
export LC_ALL=C.UTF-8
command -v node >/dev/null || { echo "NOT TRIED: node is not installed" >&2; exit 2; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{ python3 -m venv python && python/bin/pip install --quiet --disable-pip-version-check base45==0.4.4; } >install.log 2>&1 ||
  { echo "NOT TRIED: base45 0.4.4 could not be installed" >&2; exit 2; }
cat >both.py <<'P'
import importlib.metadata, urllib.parse, base45
print("base45", importlib.metadata.version("base45"))
text = base45.b45encode(bytes.fromhex("c05b2339ec021e868404a6")).decode()
decoded = urllib.parse.unquote(text)
print(text, base45.b45decode(text).hex())
print(decoded, base45.b45decode(decoded).hex())
P
cat >links.mjs <<'J'
for (const text of ["A B", "A%20B", "A%B"]) {
  const fragment = new URL("https://example.org/c#" + text).hash.slice(1);
  let read;
  try { read = decodeURIComponent(fragment); } catch (error) { read = error.name; }
  console.log(`${text} -> ${fragment} -> ${read}`);
}
J
seen="$(python/bin/python both.py; node links.mjs)"
echo "$seen"
[ "$seen" = "$(cat <<'S'
base45 0.4.4
DEOHK4S$TT%31VGV3 c05b2339ec021e868404a6
DEOHK4S$TT1VGV3 c05b2339ec02f5811d3e
A B -> A%20B -> A B
A%20B -> A%20B -> A B
A%B -> A%B -> URIError
S
)" ] || { echo "DIFFERS from what is stated above" >&2; exit 1; }
