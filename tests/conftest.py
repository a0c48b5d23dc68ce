"Tests run as `nbdev_test` runs: on small budgets, and with every file in a temporary folder"
import os
os.environ.setdefault('IN_TEST', '1')
import pytest


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    "A cache with nothing in it, and no files of the user's own"
    monkeypatch.setenv('EMOJI_SQAM_CACHE', str(tmp_path/'cache'))
    monkeypatch.setenv('EMOJI_SQAM_DATA', str(tmp_path/'data'))
    return tmp_path/'cache'


@pytest.fixture(scope='session')
def answerer():
    from emoji_sqam.prediction import Answerer
    return Answerer.from_pretrained()
