#!/bin/sh
# The RO-Crate library and the validator, in .ecosystem/rocrate.
set -eu
cd "$(dirname "$0")/../.."
home=.ecosystem/rocrate
[ -e "$home/installed" ] && exit
"${PYTHON:-python3}" -m venv --clear "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check rocrate==0.16.0 roc-validator==0.13.0
touch "$home/installed"
