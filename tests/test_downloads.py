"""What the network, the disk and other users can do to the data: it is whole or absent, the reader is told what
happened, and the next call mends it. The real npm and pip ask a registry on loopback that fails in many ways; processes
are killed at every file operation."""
import base64, errno, functools, hashlib, http.server, io, json, os, shutil, signal, socket, subprocess, sys, tarfile
import tempfile, threading, time, traceback, zipfile
from pathlib import Path
import pytest
from emoji_sqam import data, sources
from emoji_sqam.core import CHECKSUMS, cache_dir
from emoji_sqam.sources import SOURCES, DataError, Source, cached_folder, fetch

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes are forked, which this system cannot')


def tgz(files):
    "A gzipped tar file, the same bytes each time"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz', format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def wheel(note=b'some data'):
    out = io.BytesIO()
    about = {'METADATA': b'Metadata-Version: 2.1\nName: little\nVersion: 1.0.0\n', 'RECORD': b'',
             'WHEEL': b'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n'}
    with zipfile.ZipFile(out, 'w') as archive:
        archive.writestr('little/data.txt', note)
        for name, content in about.items(): archive.writestr(f'little-1.0.0.dist-info/{name}', content)
    return out.getvalue()


NOISE = os.urandom(300_000)  # so that an archive takes a while on its way
ARCHIVES = {'npm': tgz({'package/package.json': json.dumps({'name': 'little', 'version': '1.0.0'}).encode(),
                        'package/data.txt': NOISE}),
            'PyPI': wheel(NOISE)}
LITTLE = {name: Source(name, 'little', '1.0.0', hashlib.sha256(content).hexdigest(), 'a test', 'none',
                       {'npm': '.tgz', 'PyPI': '.whl'}[name])
          for name, content in ARCHIVES.items()}


class Registry(http.server.BaseHTTPRequestHandler):
    "npm's and PyPI's protocols for one package, with faults"
    protocol_version = 'HTTP/1.0'
    def log_message(self, *_): pass

    def do_GET(self):
        fault, name = self.server.fault, self.server.file or 'little-1.0.0-py3-none-any.whl'
        url = f'http://127.0.0.1:{self.server.server_port}'
        if fault == 'hanging': return time.sleep(30)
        if fault in ('404', '500'): return self.send_error(int(fault))
        kind = 'PyPI' if self.path.startswith('/simple') else 'npm'
        content = getattr(self.server, 'content', None) or ARCHIVES[kind]
        if self.path == '/little':
            integrity = 'sha512-' + base64.b64encode(hashlib.sha512(content).digest()).decode()
            dist = {'tarball': f'{url}/little/-/little-1.0.0.tgz'}
            if fault not in ('oversized', 'another'): dist['integrity'] = integrity
            version = {'name': 'little', 'version': '1.0.0', 'dist': dist}
            about = {'name': 'little', 'dist-tags': {'latest': '1.0.0'}, 'versions': {'1.0.0': version}}
            return self.answer(json.dumps(about).encode(), 'application/json')
        if self.path == '/simple/little/':
            return self.answer(f'<a href="{name}">{name}</a>'.encode(), 'text/html')
        self.archive(content, fault)

    def answer(self, content, kind, length=None):
        self.send_response(200)
        self.send_header('Content-Type', kind)
        if length != 0: self.send_header('Content-Length', str(length or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def archive(self, content, fault):
        kind, half = 'application/octet-stream', len(content)//2
        if fault == 'altered': content = content[:half] + bytes([content[half] ^ 1]) + content[half+1:]
        if fault == 'another': content = content + b'and more'
        if fault in ('truncated', 'dying', 'slow'): self.answer(content[:half], kind, len(content))
        elif fault == 'oversized':
            self.answer(b'', kind, 0)
            try:
                for _ in range(500): self.wfile.write(NOISE)
            except OSError: pass
        else: self.answer(content, kind)
        if fault == 'slow': time.sleep(30)
        if fault == 'dying':
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')  # a reset


@pytest.fixture
def registry(tmp_path, monkeypatch, empty_cache):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Registry)
    server.fault = server.file = server.content = None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_port}'
    for name in list(os.environ):
        if name.lower().startswith(('npm_config', 'pip_')) or name.lower().endswith('_proxy'): monkeypatch.delenv(name)
    ours = {'HOME': tmp_path, 'npm_config_registry': url, 'npm_config_fetch_retries': 0,
            'npm_config_cache': tmp_path/'npm', 'PIP_INDEX_URL': f'{url}/simple',
            'PIP_RETRIES': 0, 'PIP_TIMEOUT': 10, 'PIP_NO_CACHE_DIR': 1, 'PIP_CONFIG_FILE': os.devnull}
    for name, value in ours.items(): monkeypatch.setenv(name, str(value))
    yield server
    server.shutdown()
    server.server_close()


def left(cache):
    return sorted(str(path.relative_to(cache)) for path in cache.rglob('*') if not path.name.endswith('.lock')
                  and path.name != 'downloads')


def needs(name):
    if name == 'npm' and not sources._npm(): pytest.skip('there is no npm on this machine')


FAULTS = {'npm': ['truncated', 'altered', 'another', 'oversized', 'dying', 'slow', '404', '500'],
          'PyPI': ['truncated', 'altered', 'oversized', 'dying', 'hanging', '500']}


@pytest.mark.parametrize('name, fault', [(name, fault) for name in FAULTS for fault in FAULTS[name]])
def test_a_registry_that_fails(name, fault, registry, empty_cache, monkeypatch):
    needs(name)
    registry.fault = fault
    if fault in ('slow', 'hanging'): monkeypatch.setattr(sources, 'CLIENT_SECONDS', 4)
    monkeypatch.setattr(sources, 'MOST_ARCHIVE', 5_000_000)
    with pytest.raises(DataError, match='little 1.0.0 (could not be fetched from|has the SHA-256)') as caught:
        fetch(LITTLE[name])
    assert 'it said nothing' not in str(caught.value)
    if fault in ('slow', 'hanging'): assert 'it was ended after 4 seconds' in str(caught.value)
    assert left(empty_cache) == []
    registry.fault = None
    monkeypatch.setattr(sources, 'CLIENT_SECONDS', 60)
    assert fetch(LITTLE[name]).read_bytes() == ARCHIVES[name]
    assert left(empty_cache) == [f'downloads/{LITTLE[name].path.name}']


def test_code_of_another_package_is_not_run(registry, empty_cache, tmp_path):
    "pip runs what is in a source distribution, to learn its name: it has to compare the checksum before"
    registry.file = 'little-1.0.0.tar.gz'
    setup = f'open({str(tmp_path/"ran")!r}, "w")\nfrom setuptools import setup\nsetup(name="little", version="1.0.0")'
    registry.content = tgz({'little-1.0.0/setup.py': setup.encode(),
                            'little-1.0.0/PKG-INFO': b'Metadata-Version: 1.0\nName: little\nVersion: 1.0.0\n'})
    with pytest.raises(DataError, match='DO NOT MATCH THE HASHES'):
        fetch(Source('PyPI', 'little', '1.0.0', '0'*64, 'a test', 'none', '.tar.gz'))
    assert not (tmp_path/'ran').exists() and left(empty_cache) == []


def test_an_archive_that_is_a_bomb_is_not_kept(registry, empty_cache, monkeypatch):
    content = wheel(bytes(5_000_000))
    registry.content = content
    monkeypatch.setattr(sources, 'check_archive', functools.partial(sources.check_archive, most=1_000_000))
    with pytest.raises(DataError, match='would unpack to more than 1 MB'):
        fetch(Source('PyPI', 'little', '1.0.0', hashlib.sha256(content).hexdigest(), 'a test', 'none', '.whl'))
    assert left(empty_cache) == []


# ---- the clients' own words

@pytest.mark.parametrize('settings, words',
                         [({'npm_config_registry': 'http://127.0.0.1:9/'}, 'ECONNREFUSED'),
                          ({'npm_config_offline': 'true'}, 'ENOTCACHED'),
                                             ({'npm_config_cache': '/dev/null/cache'}, 'ENOTDIR')])
def test_npms_words_are_passed_on(settings, words, registry, monkeypatch):
    needs('npm')
    for name, value in settings.items(): monkeypatch.setenv(name, value)
    with pytest.raises(DataError, match=words): fetch(LITTLE['npm'])


def test_pips_words_are_passed_on(registry, monkeypatch):
    for name, value in {'PIP_INDEX_URL': 'http://127.0.0.1:9/simple', 'PIP_RETRIES': '1'}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataError, match='Connection refused.*No matching distribution'): fetch(LITTLE['PyPI'])


def test_a_python_without_pip_is_named(empty_cache, monkeypatch):
    monkeypatch.setattr(sources.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(DataError, match='this Python has no pip: `python -m ensurepip`'):
        fetch(SOURCES['emoji sentiment'])


def is_running(pid):
    try: return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError: return False


@pytest.mark.skipif(not Path('/proc/self/stat').exists(), reason='this system has no /proc')
def test_a_client_that_hangs_is_ended_with_what_it_started(empty_cache, tmp_path, monkeypatch):
    script = ('import os, subprocess, time; child = subprocess.Popen(["sleep", "99"]); '
              f'open({str(tmp_path/"pids")!r}, "w").write(f"{{os.getpid()}} {{child.pid}}"); time.sleep(99)')
    monkeypatch.setattr(sources, '_client', lambda source, folder: [sys.executable, '-c', script])
    monkeypatch.setattr(sources, 'CLIENT_SECONDS', 2)
    with pytest.raises(DataError, match='it was ended after 2 seconds'): fetch(LITTLE['npm'])
    assert [pid for pid in (tmp_path/'pids').read_text().split() if is_running(pid)] == []


# ---- kills, and several processes

def start_child(function, *args, user=None, seconds=60):
    "Run a function in a forked process; `user`: as whom"
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    signal.alarm(seconds)
    try:
        if user is not None: os.setgroups([]), os.setresgid(user, user, user), os.setresuid(user, user, user)
        function(*args)
        os._exit(0)
    except BaseException:
        os.write(writer, traceback.format_exc().encode()[-4000:])
        os._exit(1)


def finish(child, reader):
    "What a process raised, or the signal that ended it"
    with os.fdopen(reader) as words: said = words.read()
    status = os.waitpid(child, 0)[1]
    return said or (f'ended by {signal.Signals(os.WTERMSIG(status)).name}' if os.WIFSIGNALED(status) else '')


def in_child(function, *args, **options): return finish(*start_child(function, *args, **options))


def with_kill_at(number, function):
    "Call a function, and kill this process at its n-th file operation"
    count = 0
    def watch(event, _):
        nonlocal count
        if event != 'open' and not event.startswith(('os.', 'shutil.', 'tempfile.', 'fcntl.')): return
        count += 1
        if count == number: os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    function()


def write_in_two_steps(source, folder):
    "In place of a download"
    archive = folder/'archive'
    with open(archive, 'wb') as out:
        out.write(ARCHIVES[source.registry][:1000]), out.flush()
        open(out.fileno(), 'ab', closefd=False).write(ARCHIVES[source.registry][1000:])
    return archive


def build_two(folder):
    folder.mkdir()
    (folder/'one.txt').write_text('one')
    (folder/'sub').mkdir()
    (folder/'sub'/'two.txt').write_text('two')


def check_two():
    folder = cached_folder('two', build_two)
    assert {path.name: path.read_text() for path in folder.rglob('*.txt')} == {'one.txt': 'one', 'two.txt': 'two'}


def damaged(folder):
    build_two(folder)
    sources.note_checksums(folder, ['one.txt', 'sub/two.txt'])
    (folder/'sub'/'two.txt').write_text('tvo')


BEFORE = {'nothing': lambda: None, 'a damaged folder': lambda: damaged(cache_dir()/'two'),
          'a folder without checksums': lambda: build_two(cache_dir()/'two')}


def kill_everywhere(cache, before, work):
    "Kill `work` at each of its file operations and run it again: what is there is what an undisturbed run leaves"
    def fresh():
        shutil.rmtree(cache, ignore_errors=True)
        (cache/'downloads').mkdir(parents=True)
        before()
    fresh(), work()
    expected = left(cache)
    for number in range(1, 1000):
        fresh()
        said = in_child(with_kill_at, number, work)
        assert said in ('', 'ended by SIGKILL'), said
        work()
        assert left(cache) == expected, f'after a kill at operation {number}'
        if not said: return number - 1


def test_a_download_killed_at_each_operation(empty_cache, monkeypatch, note):
    monkeypatch.setattr(sources, '_download', write_in_two_steps)
    def work(): assert fetch(LITTLE['npm']).read_bytes() == ARCHIVES['npm']
    count = kill_everywhere(empty_cache, lambda: None, work)
    assert count >= 10
    note('a download killed at each operation', kills=count, lost=0)


@pytest.mark.parametrize('before', BEFORE)
def test_parsing_killed_at_each_operation(before, empty_cache, note):
    count = kill_everywhere(empty_cache, BEFORE[before], check_two)
    assert count >= 20
    note(f'parsing killed at each operation, {before} before', kills=count, lost=0)


def test_many_processes_download_once(empty_cache, tmp_path, monkeypatch):
    def slowly(source, folder):
        with open(tmp_path/'log', 'a') as log: log.write('once\n')
        time.sleep(.5)
        return write_in_two_steps(source, folder)
    monkeypatch.setattr(sources, '_download', slowly)
    children = [start_child(fetch, LITTLE['npm']) for _ in range(6)]
    assert [finish(*child) for child in children] == 6*['']
    assert (tmp_path/'log').read_text() == 'once\n'
    assert left(empty_cache) == [f'downloads/{LITTLE["npm"].path.name}']


def test_a_damaged_cache_is_repaired(empty_cache, monkeypatch):
    monkeypatch.setattr(sources, '_download', write_in_two_steps)
    path = fetch(LITTLE['npm'])
    check_two()
    for name in (path, *(cache_dir()/'two'/n for n in ('one.txt', 'sub/two.txt', CHECKSUMS))):
        for content in (b'', b'damaged', None):
            name.unlink() if content is None else name.write_bytes(content)
            assert fetch(LITTLE['npm']).read_bytes() == ARCHIVES['npm']
            check_two()


def test_data_fetch_repairs_the_emojis(tmp_path, monkeypatch):
    archive = fetch(SOURCES['emojis'])
    monkeypatch.setenv('EMOJI_SQAM_CACHE', str(tmp_path))
    (tmp_path/'downloads').mkdir()
    shutil.copy(archive, tmp_path/'downloads')
    data._read_emojis.cache_clear()
    try:
        images = data.load_emojis().images.copy()
        pixels = bytearray((tmp_path/'emojis-1.2.0'/'images.npy').read_bytes())
        pixels[5000] ^= 1
        (tmp_path/'emojis-1.2.0'/'images.npy').write_bytes(pixels)
        data._read_emojis.cache_clear()
        assert (data.load_emojis().images == images).all()
    finally: data._read_emojis.cache_clear()


# ---- a cache that is not ours, or on a disk that cannot be written

@pytest.fixture
def foreign_cache(monkeypatch):
    "A cache with what F12 reads in it, which nobody may write; and the user to read it as"
    folder = Path(tempfile.mkdtemp())
    (folder/'downloads').mkdir()
    for name in ('tweets', 'emoji keywords', 'emoji tags'): shutil.copy(fetch(SOURCES[name]), folder/'downloads')
    data.load_emojis('1.2.0')
    shutil.copytree(cache_dir()/'emojis-1.2.0', folder/'emojis-1.2.0')
    monkeypatch.setenv('EMOJI_SQAM_CACHE', str(folder))
    monkeypatch.setenv('EMOJI_SQAM_DATA', str(folder/'none'))
    monkeypatch.delenv('EMOJI_SQAM_TWEETS', raising=False)
    for path in (folder, *folder.rglob('*')): path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder, 65534 if os.geteuid() == 0 else None
    for path in (folder, *folder.rglob('*')): path.chmod(0o755)
    shutil.rmtree(folder)


def read_all():
    "As F12: no lock, no note of an attempt at Kaggle, nothing is built"
    data._read_emojis.cache_clear()
    data.in_test = lambda: False
    os.environ.pop('CI', None)
    data._download_from_kaggle = lambda seconds: pytest.fail('Kaggle was asked, and the attempt could not be noted')
    from emoji_sqam.lexicons import load_keywords
    emojis = data.load_emojis()
    assert len(emojis) == 872 and load_keywords(emojis)[emojis.index('🎉')]
    assert data.load_tweets().attrs['source'] == data.HUTTO


def ask_for_more():
    with pytest.raises(DataError, match='cannot be written .*Set .EMOJI_SQAM_CACHE to a folder of yours'):
        fetch(LITTLE['npm'])
    with pytest.raises(DataError, match='cannot be written'): cached_folder('two', build_two)


def test_a_complete_cache_is_read_by_one_who_may_not_write_it(foreign_cache):
    folder, user = foreign_cache
    before = left(folder)
    assert in_child(read_all, user=user) == ''
    assert in_child(ask_for_more, user=user) == ''
    assert left(folder) == before


def without_locks(function, number):
    import fcntl
    def flock(*_): raise OSError(number, os.strerror(number))
    fcntl.flock = flock
    function()


@pytest.mark.parametrize('number', [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_disk_without_locks(number, empty_cache, monkeypatch):
    monkeypatch.setattr(sources, '_download', write_in_two_steps)
    def work():
        assert fetch(LITTLE['npm']).read_bytes() == ARCHIVES['npm']
        check_two()
    work()
    for path in (LITTLE['npm'].path, cache_dir()/'two'): Path(f'{path}.lock').touch()  # left by somebody
    assert in_child(without_locks, work, number, seconds=20) == ''
    LITTLE['npm'].path.unlink()
    shutil.rmtree(cache_dir()/'two')
    assert in_child(without_locks, work, number, seconds=20) == ''
    work()


def test_npm_at_a_home_that_cannot_be_written(registry, monkeypatch):
    needs('npm')
    home = Path(tempfile.mkdtemp())
    monkeypatch.setenv('HOME', str(home))
    monkeypatch.delenv('npm_config_cache')
    cache = Path(tempfile.mkdtemp())
    cache.chmod(0o777), home.chmod(0o555)
    monkeypatch.setenv('EMOJI_SQAM_CACHE', str(cache))
    def work():
        with pytest.raises(DataError, match=f'EACCES.*{home}'): fetch(LITTLE['npm'])
    user = 65534 if os.geteuid() == 0 else None
    try:
        if in_child(subprocess.run, [sys.executable, '-c', ''], user=user):
            pytest.skip('this Python lies where only root may read')
        assert in_child(work, user=user) == ''
    finally:
        home.chmod(0o755)
        shutil.rmtree(home), shutil.rmtree(cache)
