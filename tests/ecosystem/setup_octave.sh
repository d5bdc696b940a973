#!/bin/sh
# Octave, and with it what else comes from Debian: Chromium, Node.js, and a screen without a screen for PsychoPy.
set -eu
wanted=""
for pair in octave-cli:octave chromium:chromium node:nodejs npm:npm \
  Xvfb:"xvfb libgl1 libgl1-mesa-dri libglu1-mesa"; do
  command -v "${pair%%:*}" >/dev/null || wanted="$wanted ${pair#*:}"
done
[ -z "$wanted" ] && exit
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed:$wanted. As root on Debian: apt-get install$wanted; the tests that need them are skipped" >&2
  exit
fi
apt-get update --quiet=2
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $wanted >/dev/null
