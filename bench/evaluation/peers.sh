#!/bin/sh
# Makes the peers' own environment: peers.sh FOLDER
set -e
python3 -m venv "$1"
"$1/bin/pip" install --quiet "rectools==0.19.0" "ranx==0.3.21"
