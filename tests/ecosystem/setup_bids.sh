#!/bin/sh
# The BIDS validator, in .ecosystem/bids.
set -eu
cd "$(dirname "$0")/../.."
home=.ecosystem/bids
[ -e "$home/installed" ] && exit
"${PYTHON:-python3}" -m venv --clear "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check bids-validator-deno==3.0.2
touch "$home/installed"
