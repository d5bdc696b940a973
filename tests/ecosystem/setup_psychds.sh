#!/bin/sh
# The Psych-DS validator, from npm into .ecosystem/psychds.
set -eu
cd "$(dirname "$0")/../.."
home=.ecosystem/psychds
[ -e "$home/installed" ] && exit
if ! command -v npm >/dev/null; then
  echo "no npm: install Node.js (setup_octave.sh does it on Debian); the test that needs it is skipped" >&2
  exit
fi
mkdir -p "$home"
if ! npm install --silent --no-audit --no-fund --prefix "$home" psychds-validator; then
  echo "skipped: psychds-validator cannot be installed here" >&2
  exit
fi
touch "$home/installed"
