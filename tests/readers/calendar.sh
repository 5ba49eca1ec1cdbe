#!/usr/bin/env bash
# The reminders' calendar file, read by six libraries that calendars stand on, each of one version, installed into a temporary folder.
# Each has to see the day, its end on the day after, the title, and an alarm at nine in the morning seven days before.
# By hand, because it asks three registries: `tests/readers/calendar.sh`; TECHO=path/to/techo for a program that is built already.
# Needs python3 with venv, node with npm, and a JDK with mvn. Ends with 0 where all six agree, 1 where one does not, 2 where one could not be tried.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8 TZ=Asia/Tokyo
for program in python3 npm node java mvn; do
  command -v "$program" >/dev/null || { echo "NOT TRIED: $program is not installed" >&2; exit 2; }
done
if [ -z "${TECHO:-}" ]; then
  cargo build --quiet --locked --bin techo
  TECHO="${CARGO_TARGET_DIR:-target}/debug/techo"
fi
TECHO="$(realpath "$TECHO")"
here="$PWD/tests/readers"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# A title that is folded between its characters, and a comma in it.
name="山田 秋彦, called Aki and by others 秋彦おじさん"
techo() { "$TECHO" --data profile --now 2021-07-02T10:00 "$@" >/dev/null; }
techo vaccine person add "$name" --born 1980-01-01
techo vaccine dose add --person "$name" --date 2021-07-01 --product pfizer --number 1
techo vaccine remind --ics reminders.ics 2>/dev/null
expected="2021-07-22 2021-07-23 2021-07-15T09:00 $name: vaccine dose 2"

install() { "$@" >install.log 2>&1 || { echo "NOT TRIED: $1 could not install" >&2; tail -3 install.log >&2; exit 2; }; }
install python3 -m venv python
install python/bin/pip install --quiet --disable-pip-version-check icalendar==7.3.0 ics==0.7.3 vobject==0.9.9 \
  arrow==1.4.0 attrs==26.1.0 python-dateutil==2.9.0.post0 pytz==2026.6 six==1.17.0 TatSu==5.15.1 typing_extensions==4.16.0 tzdata==2026.6
install npm install --silent --no-audit --no-fund ical.js@2.2.1
cp "$here/java.xml" pom.xml
install mvn --quiet --batch-mode org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory=java

wrong=0
reader() {
  local library="$1" seen
  shift
  seen="$("$@" reminders.ics 2>error.log)" || seen="it failed: $(tail -1 error.log)"
  if [ "$seen" = "$expected" ]; then
    echo "$library reads it"
  else
    wrong=1
    printf '%s\n  saw      %s\n  expected %s\n' "$library" "$seen" "$expected"
  fi
}
for library in icalendar ics vobject; do
  reader "$library (Python)" python/bin/python "$here/read.py" "$library"
done
cp "$here/read.mjs" .
reader "ical.js (JavaScript)" node read.mjs
for library in biweekly ical4j; do
  reader "$library (Java)" java -cp 'java/*' "$here/Read.java" "$library"
done
exit "$wrong"
