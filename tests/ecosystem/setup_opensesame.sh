#!/bin/sh
# OpenSesame without its window, in .ecosystem/opensesame: the loop that reads a file, and what it reads with. GPL: for
# the tests alone.
set -eu
cd "$(dirname "$0")/../.."
home=.ecosystem/opensesame
[ -e "$home/installed" ] && exit
"${PYTHON:-python3}" -m venv --clear "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
  opensesame-core==4.1.22 datamatrix==1.0.20 python-pseudorandom pyyaml markdown numpy pillow webcolors tomlkit \
  openpyxl et-xmlfile
touch "$home/installed"
