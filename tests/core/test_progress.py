"""Progress bars: on standard error, silent where asked, empty ones only for slow work."""

from penchant.core import bar, quiet, track


def test_short_work_draws_nothing_and_slow_work_draws_at_once(capsys):
    with bar(3, "short") as shown:
        shown.update(3)
    assert capsys.readouterr().err == ""
    with bar(3, "slow", "model", at_once=True):
        said = capsys.readouterr()
    assert "slow:   0%" in said.err
    assert "0/3" in said.err
    assert said.out == ""


def test_quiet_silences_every_bar_inside(capsys):
    with quiet(), bar(2, "slow", at_once=True) as shown:
        assert list(track("ab", "letters")) == ["a", "b"]
        shown.update()
    assert capsys.readouterr().err == ""
