"Files of texts: nothing is lost and nothing made up, whatever is in them, and wherever a run is killed"
import csv, ctypes, json, os, random, resource, shutil, signal, subprocess, sys, time
from pathlib import Path
import numpy as np, pandas as pd, pytest
from conftest import SOAK
from filelock import FileLock
from emoji_sqam import bulk
from emoji_sqam.bulk import answer_files
from emoji_sqam.cli import app
from emoji_sqam.data import load_tweets
from emoji_sqam.tables import NOTHING_KNOWN, answer_frame, shared_answerer

COMMAND = [Path(sys.executable).parent/'emoji-sqam', 'answer']
pa, pq = pytest.importorskip('pyarrow'), pytest.importorskip('pyarrow.parquet')


def rows_of(path):
    "Rows as Python's csv module reads them, the names first"
    with open(path, encoding='utf-8', newline='') as file: return list(csv.reader(file, strict=True))


def answered(tmp_path, content, **options):
    "What a CSV file of these bytes is answered with: counts, and rows as dicts"
    (tmp_path/'in.csv').write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path/'out.csv').unlink(missing_ok=True)
    counts = answer_files(tmp_path/'in.csv', tmp_path/'out.csv', **{'n': 1, **options})
    names, *rows = rows_of(tmp_path/'out.csv')
    assert {len(row) for row in rows} <= {len(names)} and counts['rows'] == len(rows)
    return counts, [dict(zip(names, row)) for row in rows]


def hidden(folder): return [str(path.relative_to(folder)) for path in folder.rglob('.*')]
def column(rows, name): return [row[name] for row in rows]
def run(*arguments, **options): return subprocess.run([*COMMAND, *(os.fsencode(str(a)) if not isinstance(a, bytes) else a for a in arguments)], capture_output=True, **options)


def complaints(done):
    "The lines that a command wrote on standard error, without a progress bar"
    return [line for line in done.stderr.splitlines() if line.startswith('emoji-sqam')]


# CSV, row by row

def test_a_bare_carriage_return_stays_in_its_cell(tmp_path):
    counts, rows = answered(tmp_path, 'text,id\n"line one\rline two",1\nthank you,2\n')
    assert column(rows, 'text') == ['line one\rline two', 'thank you'] and counts['unanswered'] == 0
    pq.write_table(pa.table({'text': ['line one\rline two', 'thank you', '\r']}), tmp_path/'in.parquet')
    answer_files(tmp_path/'in.parquet', tmp_path/'from parquet.csv', n=1)
    assert [row[0] for row in rows_of(tmp_path/'from parquet.csv')] == ['text', 'line one\rline two', 'thank you', '\r']


def test_a_name_with_a_newline_in_several_parts(tmp_path):
    counts, rows = answered(tmp_path, '"Your\nanswer",id\nthank you,1\nbad,2\ngood,3\n', column='Your\nanswer', rows=1)
    assert counts == {'files': 1, 'rows': 3, 'unanswered': 0} and column(rows, 'id') == ['1', '2', '3']


def test_broken_rows_keep_what_they_have(tmp_path):
    counts, rows = answered(tmp_path, 'id,text\n1,"so" it goes\n2,a, b\n3\n"4","he said "hi" to me"\n5,"never closed\n6,thank you\n')
    assert column(rows, 'id') == list('123456') and counts['unanswered'] == 5
    assert column(rows, 'text') == ['"so" it goes', 'a, b', '', 'he said "hi" to me', '"never closed', 'thank you']
    assert [row['error'].split(':')[0] for row in rows] == ['line 2', 'line 3', 'line 4', 'line 5', 'line 6', '']
    assert [bool(row['emoji_1']) for row in rows] == 5*[False] + [True]


def test_a_long_cell_is_answered(tmp_path):
    counts, rows = answered(tmp_path, 'text,id\nhello,1\n"' + 'my bag is lost\n'*10_000 + '",2\n' + 'so long '*100_000 + ',3\n')
    assert counts['unanswered'] == 0 and column(rows, 'id') == ['1', '2', '3'] and len(rows[1]['text']) == 150_000


def test_a_mark_that_is_never_closed_takes_no_other_line(tmp_path):
    counts, rows = answered(tmp_path, 'id,text\n0,"never closed\n' + ''.join(f'{i},hello\n' for i in range(1, 3000)))
    assert counts == {'files': 1, 'rows': 3000, 'unanswered': 1} and column(rows, 'id') == [str(i) for i in range(3000)]


def test_texts_that_read_like_something_else(tmp_path):
    texts = ['NA', 'null', 'None', 'nan', '911', '1.50', '007', 'true', '2017-05-01', '#N/A']
    assert column(answered(tmp_path, 'text\n' + '\n'.join(texts))[1], 'text') == texts
    (tmp_path/'tweets.csv').write_text('text,airline_sentiment,airline_sentiment_confidence\n' + ''.join(f'{text},positive,\n' for text in texts))
    tweets = load_tweets(tmp_path/'tweets.csv')
    assert tweets.text.tolist() == texts and tweets.confidence.isna().all()
    (tmp_path/'tweets.csv').write_text('airline_sentiment,text\npositive,911\nnegative\n')
    with pytest.raises(ValueError, match='row 3: a text and one of'): load_tweets(tmp_path/'tweets.csv')


def test_other_encodings(tmp_path):
    content = 'id,text\n1,I can’t wait — café\n2,thank you\n'
    counts, rows = answered(tmp_path, content.encode('cp1252'))
    assert counts['unanswered'] == 1 and 'line 2: byte 0x92 is not utf-8' in rows[0]['error'] and rows[1]['emoji_1']
    assert rows[0]['id'] == '1' and rows[0]['text'] == 'I can\ufffdt wait \ufffd caf\ufffd'
    assert answered(tmp_path, content.encode('cp1252'), encoding='cp1252')[1][0]['text'] == 'I can’t wait — café'
    for encoding in ('utf-16', 'utf-32', 'utf-8-sig'):
        counts, rows = answered(tmp_path, content.encode(encoding))
        assert counts['unanswered'] == 0 and rows[0] == answered(tmp_path, content)[1][0]
        if encoding != 'utf-8-sig': assert counts['encodings'] == {str(tmp_path/'in.csv'): encoding}
    assert answered(tmp_path, content.encode('utf-16')[:-1])[1][1]['error'].startswith('line 3: byte')  # cut off
    with pytest.raises(ValueError, match='NUL characters.*utf-16-le'): answered(tmp_path, content.encode('utf-16-le'))


def test_nothing_is_answered_where_no_word_is_known(tmp_path):
    counts, rows = answered(tmp_path, 'text\nありがとうございます\n最悪の飛行機\nwhat a lovely flight\n', n=2)
    assert counts['unanswered'] == 2 and column(rows, 'error') == [NOTHING_KNOWN, NOTHING_KNOWN, '']
    assert column(rows, 'emoji_1')[:2] == column(rows, 'score_1')[:2] == ['', ''] and column(rows, 'known_words') == ['0', '0', '4']
    assert '\u2708\ufe0f' in (rows[2]['emoji_1'], rows[2]['emoji_2'])  # fully qualified, so that it is drawn in colours
    done = run('谢谢你', 'what a lovely flight')
    assert done.returncode == 1 and '\u2708\ufe0f' in done.stdout.decode() and '\ue50a' not in done.stdout.decode()
    assert done.stderr.decode() == "emoji-sqam: text 1: no word of '谢谢你' is known, so there is no answer\n"


def test_rows_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, 'count_rows', lambda path: 7)
    with pytest.raises(ValueError, match='2 rows were read and 7 would be written'): answered(tmp_path, 'text\na\nb\n')
    assert not (tmp_path/'out.csv').exists()
    monkeypatch.undo()
    assert answered(tmp_path, 'text\na\nb\n')[0]['rows'] == 2 and hidden(tmp_path) == []


# Tables and Parquet

def test_a_lone_surrogate_stops_no_table():
    rows = answer_frame(pd.DataFrame({'text': pd.Series(['thank you', 'ok\ud83d', '\udc00'], dtype=object)}), n=1)
    assert rows.emoji_1.notna().tolist()[:2] == [True, True]
    assert len(shared_answerer().answer('ok\ud83d')) == 5


@pytest.mark.parametrize('suffix', ['.csv', '.parquet'])
def test_views_of_strings_with_nulls(tmp_path, suffix):
    texts, kinds = ['thank you', None, 'my bag is lost'], [pa.string_view(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
    for number, kind in enumerate(kinds):
        more = pa.array([['a'], None, []], pa.list_(pa.string_view()))
        pq.write_table(pa.table({'text': pa.array(texts, kind), 'more': more}), tmp_path/f'{number}.parquet')
        counts = answer_files(tmp_path/f'{number}.parquet', tmp_path/f'{number} out{suffix}', n=1)
        assert counts == {'files': 1, 'rows': 3, 'unanswered': 1}
    written = pd.read_parquet(tmp_path/'0 out.parquet') if suffix == '.parquet' else pd.read_csv(tmp_path/'0 out.csv')
    assert written.error.notna().tolist() == [False, True, False] and written.emoji_1.notna().tolist() == [True, False, True]


# Folders

def test_what_a_folder_holds(tmp_path):
    texts, folder = 'text\nhello\n', tmp_path/'texts'
    for name in ('tweets.csv', 'MORE.CSV', '.ipynb_checkpoints/tweets-checkpoint.csv', '.hidden/x.csv', 'a.csv/b.csv'):
        (folder/name).parent.mkdir(parents=True, exist_ok=True)
        (folder/name).write_text(texts)
    (folder/'._tweets.csv').write_bytes(b'Mac OS X\0\xff')
    (folder/'notes.txt').write_text('hello')
    (folder/'gone.csv').symlink_to('nowhere')
    os.mkfifo(folder/'x.csv')
    done = run('--input', folder, '--output', tmp_path/'out', '-n', 1, '--json', text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert (counts['files'], counts['rows'], counts['unanswered']) == (3, 3, 0)
    assert {Path(path).name: why for path, why in counts['left_out'].items()} == {
        'notes.txt': 'neither .csv nor .parquet', 'gone.csv': 'no regular file', 'x.csv': 'no regular file'}
    assert len(complaints(done)) == 1 and f'left out: {folder}/gone.csv' in done.stderr
    assert sorted(str(p.relative_to(tmp_path/'out')) for p in (tmp_path/'out').rglob('*.*') if p.is_file()) == ['MORE.CSV', 'a.csv/b.csv', 'tweets.csv']
    with pytest.raises(ValueError, match='this may be a pipe'): answer_files(folder/'x.csv', tmp_path/'pipe.csv')


def test_a_bad_file_stops_no_other(tmp_path):
    folder, out = tmp_path/'texts', tmp_path/'out'
    folder.mkdir()
    for name in ('1.csv', '4.csv'): (folder/name).write_text('text\nhello\n')
    (folder/'2.csv').write_text('tweet\nhello\n')
    (folder/'3.parquet').write_bytes(b'PAR1 cut off')
    with pytest.raises(ValueError, match=r'2 of 4 files cannot be answered: \S+2.csv: column is .*3.parquet: this is no Parquet file'): answer_files(folder, out, n=1)
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert set(before) == {'1.csv', '4.csv'}
    with pytest.raises(ValueError, match='with other options'): answer_files(folder, out, n=2)
    (folder/'2.csv').write_text('text\nhello\n\n')
    (folder/'3.parquet').unlink()
    assert answer_files(folder, out, n=1) == {'files': 3, 'rows': 4, 'unanswered': 1}
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in out.iterdir()}.items() and hidden(tmp_path) == []


# Standard input and output

def test_standard_input_goes_on_after_a_bad_byte():
    lines = b'\xef\xbb\xbfgreat flight\r\nbon voyage \xe0 tous\nawful food\n'
    for locale in ({'LC_ALL': 'C'}, {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}):
        done = run('--json', '-n', '1', input=lines, env={**os.environ, **locale})
        first, second, third = map(json.loads, done.stdout.decode().splitlines())
        assert first['text'] == 'great flight' and first['known_words'] == 2 and third['answers'] and done.returncode == 1
        assert second == {'text': 'bon voyage \ufffd tous', 'error': second['error']} and 'byte 0xe0 is not utf-8' in second['error']
        assert done.stderr.decode().startswith('emoji-sqam: text 2: byte 0xe0')


@pytest.mark.parametrize('encoding', ['utf-16', 'cp1252'])
def test_standard_input_in_other_encodings(encoding):
    options = [] if encoding == 'utf-16' else ['--encoding', encoding]
    done = run('--json', '-n', '1', *options, input='café in Paris\n'.encode(encoding))
    assert json.loads(done.stdout)['text'] == 'café in Paris', done.stderr


def test_a_byte_in_an_argument_does_not_stop_json():
    done = run('--json', '-n', '1', b'thank you \xe9', 'hello')
    assert [json.loads(line)['text'] for line in done.stdout.decode().splitlines()] == ['thank you \ufffd', 'hello']


def test_a_reader_that_has_enough_is_no_error():
    writer = subprocess.Popen([*COMMAND, '-n', '1'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    writer.stdout.close()
    _, errors = writer.communicate(b'hi\n'*2000)
    assert errors == b''


# Runs that are disturbed

def test_parts_without_a_note_belong_to_no_run(tmp_path):
    (tmp_path/'.out.csv.parts'/'0').mkdir(parents=True)
    (tmp_path/'.out.csv.parts'/'0'/'done-1-0').touch()
    assert answered(tmp_path, 'text\nhello\n\n')[0] == {'files': 1, 'rows': 2, 'unanswered': 1}
    assert hidden(tmp_path) == []


def stop_after(parts, monkeypatch):
    "Let a run end in an error when so many parts are written"
    write, left = bulk.write_table, iter(range(parts))
    def written(*args, **options):
        if next(left, None) is None: raise OSError('stopped')
        write(*args, **options)
    monkeypatch.setattr(bulk, 'write_table', written)


def test_parts_of_another_input_are_not_taken(tmp_path, monkeypatch):
    source, target = tmp_path/'in.csv', tmp_path/'out.csv'
    source.write_text('text\nhello\nthank you\n')
    stop_after(1, monkeypatch)
    with pytest.raises(OSError, match='stopped') as stopped: answer_files(source, target, n=1, rows=1)
    monkeypatch.undo()
    assert 'What is answered is kept' in stopped.value.__notes__[0]
    before = source.stat()
    source.write_text('text\nsorry\nthank you\n')  # of the same size and time
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source.stat().st_size == before.st_size and answer_files(source, target, n=1, rows=1)['rows'] == 2
    assert [row[0] for row in rows_of(target)] == ['text', 'sorry', 'thank you'] and hidden(tmp_path) == []


@pytest.mark.parametrize('name', ['tokenizer.json', 'tokens.npz', 'text_encoder.onnx', 'emojis.npz', 'config.json'])
def test_a_run_depends_on_every_file_of_its_weights(tmp_path, monkeypatch, name):
    weights, source = tmp_path/'weights', tmp_path/'in.csv'
    shutil.copytree(bulk.check_answers(1).folder, weights, ignore=shutil.ignore_patterns('*.keras', 'SHA256SUMS', 'airline'))
    source.write_text('text\nhello\nthank you\n')
    stop_after(1, monkeypatch)
    with pytest.raises(OSError, match='stopped'): answer_files(source, tmp_path/'out.csv', n=1, rows=1, weights=weights)
    monkeypatch.undo()
    (weights/name).write_bytes((weights/name).read_bytes() + b' ')
    with pytest.raises(ValueError, match='or with other weights'): answer_files(source, tmp_path/'out.csv', n=1, rows=1, weights=weights)


def test_changed_weights_are_loaded_again(tmp_path):
    weights = tmp_path/'weights'
    shutil.copytree(shared_answerer().folder, weights, ignore=shutil.ignore_patterns('*.keras', 'SHA256SUMS', 'airline'))
    first = shared_answerer(weights)
    config = weights/'config.json'
    config.write_text(config.read_text().replace('"corpus": "', '"corpus": "more '))
    assert shared_answerer(weights) is not first and shared_answerer(weights).about['corpus'].startswith('more ')


def test_two_runs_do_not_write_one_file(tmp_path):
    (tmp_path/'.out.csv.parts').mkdir()
    with FileLock(tmp_path/'.out.csv.parts'/'lock'):
        with pytest.raises(ValueError, match='another process is writing it'): answered(tmp_path, 'text\nhello\n')
    assert answered(tmp_path, 'text\nhello\n')[0]['rows'] == 1


TRIALS = {'a file': ('in.csv', 'out.csv'), 'a folder': ('in', 'out')}
KINDS = {'kill': 'killed', 'full': 'disk full'}

@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('what', TRIALS)
def test_a_fault_at_any_file_operation(tmp_path, what, kind, note):
    source, target = TRIALS[what]
    content = 'id,text\n1,"a\rb"\n2,\n3,x,y\n4,"never closed\n5,hello\n'
    if what == 'a folder':
        (tmp_path/source/'deeper').mkdir(parents=True)
        (tmp_path/source/'deeper'/'one.CSV').write_text(content)
        pq.write_table(pa.table({'text': ['a', None, 'b']}), tmp_path/source/'two.parquet')
    else: (tmp_path/source).write_text(content)
    step = 1 if SOAK else {'a file': 6, 'a folder': 18}[what]
    script = Path(__file__).with_name('file_faults.py')
    done = subprocess.run([sys.executable, script, tmp_path, source, target, kind, str(step)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    note(f'{KINDS[kind]} at each file operation, {what}', operations=int(done.stdout.split()[0]), lost=0)


def many_texts(path, count):
    words = 'what a lovely flight my bag is lost thank you so much'.split()
    rng = random.Random(0)
    pd.DataFrame({'id': range(count), 'text': [' '.join(rng.choices(words, k=6)) for _ in range(count)]}).to_csv(path, index=False)


def workers_of(process):
    import psutil
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    return [child.pid for child in children if any('spawn_main' in word for word in child.cmdline())]


def kill_when(process, parts, count, delay, victim):
    "Kill a process, or one of its workers, some time after so many parts are there; one that is done is left alone"
    while process.poll() is None and sum(1 for _ in parts()) < count: time.sleep(.01)
    time.sleep(delay)
    victims = workers_of(process) if victim == 'worker' else [process.pid] if process.poll() is None else []
    try: os.kill(victims[0], signal.SIGKILL)
    except (IndexError, ProcessLookupError): pass


KILLS = {'alone': 50, 'main': 10, 'worker': 10} if SOAK else {'alone': 2, 'main': 1, 'worker': 1}

@pytest.mark.parametrize('victim', KILLS)  # a process without workers, the one that has some, one of these
def test_a_kill_at_any_moment(tmp_path, victim, note):
    many_texts(tmp_path/'in.csv', 400)
    workers = ['--workers', '2'] if victim != 'alone' else []
    command = [*COMMAND, '--input', 'in.csv', '--output', 'out.csv', '-n', '2', '--rows', '20', *workers]
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    right, rng = (tmp_path/'out.csv').read_bytes(), random.Random(victim)
    kills = KILLS[victim]
    for _ in range(kills):
        (tmp_path/'out.csv').unlink(missing_ok=True)
        running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        kill_when(running, lambda: tmp_path.glob('.out.csv.parts/*/[0-9]*'), rng.randrange(20), rng.random()/20, victim)
        at_its_end = running.wait() == 0 or (tmp_path/'out.csv').exists() and not hidden(tmp_path)
        if not at_its_end:
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0 and '400 rows in out.csv' in done.stdout, done.stderr
        assert (tmp_path/'out.csv').read_bytes() == right and hidden(tmp_path) == []
    note(f'killed at a random moment, {victim}', kills=kills, lost=0)


def test_a_full_disk(tmp_path):
    many_texts(tmp_path/'in.csv', 200)
    arguments = ['--input', 'in.csv', '--output', 'out.csv', '-n', '1', '--rows', '50']
    for bytes_ in (1000, 4000):  # of a file at most, so that a part or the whole is too large
        def limit(): resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))
        done = run(*arguments, cwd=tmp_path, text=True, preexec_fn=limit)
        assert done.returncode == 1 and len(complaints(done)) == 1 and not (tmp_path/'out.csv').exists(), done.stderr
    assert run(*arguments, cwd=tmp_path).returncode == 0 and hidden(tmp_path) == []
    answer_files(tmp_path/'in.csv', tmp_path/'right.csv', n=1, rows=50)
    assert (tmp_path/'out.csv').read_bytes() == (tmp_path/'right.csv').read_bytes()


def without_root_powers():
    "Let a child of root keep to the permissions of files, as anybody must"
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    for capability in (dac_override, dac_read_search):
        if os.geteuid() == 0: ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)


def test_a_folder_that_is_read_only(tmp_path):
    (tmp_path/'in.csv').write_text('text\nhello\n')
    tmp_path.chmod(0o555)
    done = run('--input', 'in.csv', '--output', 'out.csv', text=True, cwd=tmp_path, preexec_fn=without_root_powers)
    tmp_path.chmod(0o755)
    assert done.returncode == 1 and len(complaints(done)) == 1 and 'Permission denied' in done.stderr, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ['in.csv']
    assert answer_files(tmp_path/'in.csv', tmp_path/'out.csv')['rows'] == 1 and hidden(tmp_path) == []


def test_files_and_folders_that_cannot_be_read(tmp_path):
    folder = tmp_path/'texts'
    (folder/'deeper').mkdir(parents=True)
    for name in ('1.csv', '2.csv', 'deeper/3.csv'): (folder/name).write_text('text\nhello\n')
    (folder/'1.csv').chmod(0)
    arguments = ['--input', 'texts', '--output', 'out']
    done = run(*arguments, text=True, cwd=tmp_path, preexec_fn=without_root_powers)
    assert done.returncode == 1 and '1 of 3 files cannot be answered: texts/1.csv: it cannot be read: Permission denied' in done.stderr, done.stderr
    (folder/'1.csv').chmod(0o644)
    (folder/'deeper').chmod(0)
    done = run(*arguments, text=True, cwd=tmp_path, preexec_fn=without_root_powers)
    (folder/'deeper').chmod(0o755)
    assert done.returncode == 1 and len(complaints(done)) == 1 and "Permission denied: 'texts/deeper'" in done.stderr, done.stderr
    assert answer_files(folder, tmp_path/'out')['files'] == 3 and hidden(tmp_path) == []
