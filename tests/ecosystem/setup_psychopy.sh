#!/bin/sh
# PsychoPy in virtual environments of its own, .ecosystem/psychopy-pandas2 and -pandas3: no more of what it needs than
# reading conditions takes, and in the latter what opening a window takes. GPL: for the tests alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
for pandas in 2 3; do
  home=.ecosystem/psychopy-pandas$pandas
  [ "$home/installed" -nt "$here/setup_psychopy.sh" ] && continue
  "${PYTHON:-python3}" -m venv --clear "$home"
  install="$home/bin/python -m pip install --quiet --disable-pip-version-check"
  $install --no-deps psychopy==2026.2.5
  $install "pandas>=$pandas,<$((pandas + 1))" numpy openpyxl packaging six json-tricks i18next
  if [ "$pandas" = 3 ]; then
    $install scipy pyyaml requests pillow astunparse esprima pyglet==1.5.27 pyserial freetype-py python-bidi \
      arabic-reshaper soundfile psutil questplus
  fi
  touch "$home/installed"
done
