#!/bin/sh
# OpenSesame without its editor, in .ecosystem/opensesame: what runs an experiment, with a screen that is none. GPL: for
# the tests alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
home=.ecosystem/opensesame
[ "$home/installed" -nt "$here/setup_opensesame.sh" ] && exit
"${PYTHON:-python3}" -m venv --clear "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
  opensesame-core==4.1.22 datamatrix==1.0.20 python-pseudorandom pyyaml markdown numpy pillow webcolors tomlkit \
  openpyxl et-xmlfile packaging psutil pygame qtpy pyqt6==6.11.0 pyqt6-qt6==6.11.2 pyqt6-sip==13.13.0
touch "$home/installed"
