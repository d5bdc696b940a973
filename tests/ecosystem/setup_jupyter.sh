#!/bin/sh
# JupyterLab with the widgets that Space.explore() makes, in .ecosystem/jupyter.
set -eu
cd "$(dirname "$0")/../.."
home=.ecosystem/jupyter
[ -e "$home/installed" ] && exit
"${PYTHON:-python3}" -m venv --clear "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check jupyterlab==4.6.6 anywidget==0.11.0
touch "$home/installed"
