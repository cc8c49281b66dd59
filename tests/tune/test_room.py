import subprocess
import sys


def test_settings_and_run_folders_need_no_torch():
    code = (
        "import sys; from penchant.tune import FGM, LoopConfig, run_folder; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_name_of_the_room_is_there():
    import penchant.tune

    assert [name for name in penchant.tune.__all__ if not hasattr(penchant.tune, name)] == []
