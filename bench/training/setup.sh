#!/bin/sh
# Makes the peers' environments: setup.sh [FOLDER], by default .venv-bench beside this file.
# torch first and pinned, so that no later package draws another build of it.
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/.venv-bench}
for peer in rectools recbole; do
    pip="$folder/$peer/bin/python -m pip install --quiet --constraint $here/constraints-$peer.txt"
    "${PYTHON:-python3}" -m venv "$folder/$peer"
    $pip torch
    case $peer in
    rectools) $pip "rectools[torch]" ;;
    recbole)
        $pip numpy scipy pandas tqdm pyyaml colorlog colorama scikit-learn tensorboard thop \
            tabulate plotly texttable psutil
        $pip --no-deps recbole
        ;;
    esac
done
