#!/bin/sh
# SheetJS, Papa Parse, jsPsych and what drives a browser, from npm into .ecosystem/node; package.json has the versions.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
if ! command -v npm >/dev/null; then
  echo "no npm: install Node.js (setup_octave.sh does it on Debian); the tests that need it are skipped" >&2
  exit
fi
mkdir -p .ecosystem/node
cmp -s "$here/package.json" .ecosystem/node/package.json && [ -e .ecosystem/node/installed ] && exit
cp "$here/package.json" .ecosystem/node/package.json
(cd .ecosystem/node && npm install --silent --no-audit --no-fund)
touch .ecosystem/node/installed
