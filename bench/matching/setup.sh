#!/bin/sh
# Makes the environment of sentence-transformers: setup.sh [FOLDER], by default .venv-bench beside this
# file. torch first and pinned, so that no later package draws another build of it.
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/.venv-bench}
"${PYTHON:-python3}" -m venv "$folder/sentence-transformers"
pip="$folder/sentence-transformers/bin/python -m pip install --quiet --constraint $here/constraints.txt"
$pip torch
$pip "sentence-transformers[train]" peft
