"Tests run as `nbdev_test` runs: on small budgets, and with every file in a temporary folder"
import os
os.environ.setdefault('IN_TEST', '1')
import datetime, json, platform
from pathlib import Path
import pytest

SOAK = bool(os.environ.get('EMOJI_SQAM_SOAK'))  # the long form of tests, whose figures are kept
FIGURES = Path(__file__).parents[1]/'figures'/'soak.json'


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


def machine():
    "This machine in a few words"
    memory = os.sysconf('SC_PAGE_SIZE')*os.sysconf('SC_PHYS_PAGES')/2**30
    return f'{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}'


@pytest.fixture
def note():
    "A function that keeps what a test measured for the page on reliability; it keeps nothing in the short form"
    def keep(name, **figures):
        if not SOAK: return
        kept = json.loads(FIGURES.read_text(encoding='utf-8')) if FIGURES.exists() else {}
        kept[name] = {**figures, 'date': datetime.date.today().isoformat(), 'machine': machine()}
        FIGURES.write_text(json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
    return keep
