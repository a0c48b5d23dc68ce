"The same run gives the same result, and a run that is stopped, wherever that is, ends with the result of one that is not"
import errno, json, os, signal, subprocess, sys, time
from dataclasses import replace
from pathlib import Path
import numpy as np, pytest
from conftest import FIGURES, SOAK
from emoji_sqam.images import rasterise

ANSWERS = """
import hashlib, json
import pandas as pd
from emoji_sqam import generation
from emoji_sqam.prediction import Answerer
from emoji_sqam.tables import answer_frame
A = Answerer.from_pretrained()
texts = ['what a lovely flight', 'my bag is lost', 'thank you so much', 'happy birthday 🎂', 'not bad at all']*40
made_up = A.suggest('happy birthday', 3) + A.suggest('my bag is lost', 3, seed=1)
print(json.dumps({
    'emojis': A.answer_texts(texts, 5)[0].tolist(), 'slugs': A.answer('happy birthday').slug.tolist(),
    'table': answer_frame(pd.DataFrame({'text': texts}), n=3).emoji_1.tolist(),
    'drawings': A.drawer.svg(A.codes[::60]), 'made up': [e.svg for e in made_up],
    'parents': [e.parents for e in made_up],
    'weights': hashlib.sha256((A.folder/'SHA256SUMS').read_bytes()).hexdigest(),
    'scores': [A.answer_texts(texts, 5)[1].tolist(), A.sentiment(texts).tolist(), A.score(texts, A.slugs[:9]).tolist()],
    'scores of made-up ones': [[e.score for e in made_up]], 'pixels': generation.sample(A.vae_decoder, 9).tolist()}))
"""
NUMBERS = {'scores': 1e-6, 'scores of made-up ones': 1e-6, 'pixels': 1}  # how far they may be apart; all else is equal
OTHERS = {'a random hash seed': {'PYTHONHASHSEED': 'random'}, '4 threads': {'OMP_NUM_THREADS': '4'}}
if SOAK: OTHERS |= {'the same hash seed': {}, 'a hash seed of 1': {'PYTHONHASHSEED': '1'}, '2 threads': {'OMP_NUM_THREADS': '2'}}
OLDER_PROCESSOR = {'OPENBLAS_CORETYPE': 'Prescott', 'NPY_DISABLE_CPU_FEATURES': 'X86_V3 X86_V4'}  # NumPy's arithmetic on it
ON_ANOTHER_MACHINE = 1e-4


def answers(**variables):
    "What a process with these environment variables answers; one thread and a hash seed of 0 where they say nothing"
    environment = {**os.environ, 'PYTHONHASHSEED': '0', 'OMP_NUM_THREADS': '1', **variables}
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', ANSWERS], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def apart(first, other):
    "How far the numbers of two runs are apart at most"
    return {name: max(float(np.abs(np.subtract(a, b, dtype=float)).max()) for a, b in zip(first[name], other[name]))
            for name in NUMBERS}


@pytest.fixture(scope='module')
def first(): return answers()


@pytest.mark.parametrize('what', OTHERS)
def test_another_run_answers_and_draws_alike(first, what, note):
    other = answers(**OTHERS[what])
    for name in first.keys() - NUMBERS: assert first[name] == other[name], name
    differences = apart(first, other)
    assert all(differences[name] <= most for name, most in NUMBERS.items()), differences
    note(f'the same, {what}', **differences)


def test_an_older_processor_answers_alike(first, note):
    other = answers(**OLDER_PROCESSOR)
    for name in ('emojis', 'slugs', 'table'): assert first[name] == other[name], name
    pairs = zip([*first['drawings'], *first['made up']], [*other['drawings'], *other['made up']], strict=True)
    drawn = max(np.abs(np.subtract(rasterise(a, 36, 0), rasterise(b, 36, 0), dtype=float)).mean() for a, b in pairs)
    differences = {**apart(first, other), 'drawings': float(drawn)}  # a corner of an outline may move
    assert all(differences[name] <= most for name, most in {**NUMBERS, 'scores of made-up ones': 1e-3, 'drawings': 1}.items())
    note('the same, the arithmetic of an older processor', **differences)


def test_another_machine_answers_alike(first, note):
    "The machine that wrote the figures last against this one"
    kept = json.loads(FIGURES.read_text()).get('answers of a machine') if FIGURES.exists() else None
    mine = {'emojis': first['emojis'][:5], 'scores': np.round(first['scores'][0][:5], 7).tolist()}
    note('answers of a machine', weights=first['weights'], **mine)
    if not kept or kept['weights'] != first['weights']: pytest.skip('`make soak` has not run with these weights')
    assert kept['emojis'] == mine['emojis']
    assert np.abs(np.subtract(kept['scores'], mine['scores'])).max() <= ON_ANOTHER_MACHINE


# Training

@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory):
    "The folder of a training that nothing disturbs, its losses, and a function from a folder to the weights in it"
    from small_training import train
    folder = tmp_path_factory.mktemp('undisturbed')
    return folder, train(folder)


def weights_in(folder):
    from emoji_sqam.vae import VAE
    return VAE.from_pretrained(folder/'vae.keras').get_weights()


def epochs_in(folder): return [line.split(',')[0] for line in (folder/'training'/'vae'/'vae'/'log.csv').read_text().splitlines()[1:]]


def ends_alike(folder, undisturbed):
    "Whether the same call again ends with the weights and the losses of an undisturbed one"
    from small_training import train
    first, losses = undisturbed
    assert train(folder) == losses
    for a, b in zip(weights_in(first), weights_in(folder), strict=True): np.testing.assert_array_equal(a, b)
    assert not (folder/'training'/'vae'/'options.json').exists() and not list(folder.rglob('*.npz'))


class Stopped(BaseException): "What a user's Ctrl-C is, so that no handler of errors takes it"


def stop_in(monkeypatch, owner, name, at):
    "Let a function stop everything when it is called for the n-th time"
    plain, calls = getattr(owner, name), iter(range(10**6))
    def stopped(*args, **options):
        if next(calls) == at: raise Stopped
        return plain(*args, **options)
    monkeypatch.setattr(owner, name, stopped)


@pytest.mark.parametrize('epoch', [0, 1, 3] if SOAK else [2])
def test_stopped_in_the_middle_of_an_epoch(tmp_path, monkeypatch, undisturbed, epoch):
    from emoji_sqam import fitting
    from small_training import train
    batches = 7  # of an epoch
    stop_in(monkeypatch, fitting.InStep, 'on_train_batch_end', epoch*batches + 3)
    with pytest.raises(Stopped): train(tmp_path)
    monkeypatch.undo()
    assert len(epochs_in(tmp_path)) == epoch
    ends_alike(tmp_path, undisturbed)
    assert epochs_in(tmp_path) == ['0', '1', '2', '3']


@pytest.mark.parametrize('where', ['held_out_loss', 'save_keras', 'note_checksums'] if SOAK else ['save_keras'])
def test_stopped_in_the_final_evaluation(tmp_path, monkeypatch, undisturbed, where):
    from emoji_sqam import training
    from small_training import train
    stop_in(monkeypatch, training, where, 0)
    with pytest.raises(Stopped): train(tmp_path)
    monkeypatch.undo()
    assert epochs_in(tmp_path) == ['0', '1', '2', '3']
    ends_alike(tmp_path, undisturbed)
    assert epochs_in(tmp_path) == ['0', '1', '2', '3']  # nothing was trained again


def test_killed_in_the_middle_of_an_epoch(tmp_path, undisturbed):
    script = Path(__file__).with_name('small_training.py')
    running = subprocess.Popen([sys.executable, script, tmp_path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.rglob('log.csv')) or len(epochs_in(tmp_path)) < 2:
        assert running.poll() is None
        time.sleep(.005)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    ends_alike(tmp_path, undisturbed)


@pytest.mark.skipif(not SOAK, reason='trains once more; `make soak` runs it')
def test_another_number_of_threads_trains_nearly_alike(tmp_path, undisturbed, note):
    "TensorFlow adds numbers up in another order when more threads share them"
    threads = {'TF_NUM_INTRAOP_THREADS': '4', 'TF_NUM_INTEROP_THREADS': '4'}
    command = [sys.executable, Path(__file__).with_name('small_training.py'), tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **threads})
    assert done.returncode == 0, done.stderr
    pairs = zip(weights_in(undisturbed[0]), weights_in(tmp_path), strict=True)
    apart = max(float(np.abs(a - b).max()) for a, b in pairs)
    assert apart <= 1e-3
    note('a training with 4 threads', weights=apart)


@pytest.mark.parametrize('at', [0, 2, 4] if SOAK else [2])
def test_a_disk_that_is_full_at_a_backup(tmp_path, monkeypatch, undisturbed, at):
    from small_training import train
    plain, calls = np.savez, iter(range(10**6))
    def full(path, *arrays, **named):
        if next(calls) != at: return plain(path, *arrays, **named)
        Path(path).write_bytes(b'half of it')
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(np, 'savez', full)
    with pytest.raises(OSError, match='No space left') as error: train(tmp_path)
    assert 'the same call goes on from there' in error.value.__notes__[0]
    monkeypatch.undo()
    backups = [path.name for path in tmp_path.rglob('*.npz')]
    assert backups == ([] if at == 0 else ['backup.npz'])
    ends_alike(tmp_path, undisturbed)


def test_a_loss_that_is_no_number(tmp_path):
    from small_training import CONFIG, train
    with pytest.raises(FloatingPointError, match=r'the loss is (nan|inf) at batch \d of 7 in epoch \d: the weights have grown.*learning rate') as error:
        train(tmp_path, replace(CONFIG, learning_rate=1e6, clipnorm=1e12))
    assert 'The weights before that epoch are kept' in error.value.__notes__[0]
    with np.load(*tmp_path.rglob('backup.npz')) as kept: assert all(np.isfinite(kept[name]).all() for name in kept.files)
    assert not (tmp_path/'vae.keras').exists()


def test_a_full_disk_ends_the_command_in_one_line(tmp_path):
    import resource
    def limit(): resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    command = [Path(sys.executable).parent/'emoji-sqam', 'train', 'vae', '--epochs', '1', '--later', '0', '-o', tmp_path/'mine']
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, env={**os.environ, 'TF_CPP_MIN_LOG_LEVEL': '3'})
    said = [line for line in done.stderr.splitlines() if line.startswith('emoji-sqam')]
    assert done.returncode == 1 and len(said) == 1 and 'File too large' in said[0], done.stderr
    assert not list(tmp_path.rglob('*.keras')) and not list(tmp_path.rglob('*.npz'))
