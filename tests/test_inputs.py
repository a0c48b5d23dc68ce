"Any input at all gets a right answer or an error of ours: never a trace from below, a number that is none, or a hang"
import io, linecache, signal
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
import numpy as np, pandas as pd, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image
from typer.testing import CliRunner
import emoji_sqam
from conftest import SOAK
from emoji_sqam import bulk, checks, cli, data, emoji_set, generation, images, lexicons, metrics, plotting, tables, weights
from emoji_sqam.data import load_emojis
from emoji_sqam.emoji_set import EmojiSet
from emoji_sqam.images import SHAPE
from emoji_sqam.prediction import Answerer

PACKAGE = str(Path(emoji_sqam.__file__).parent)
OURS = ValueError, TypeError, LookupError, OSError
LONGEST_MESSAGE = 500           # characters
HANG = 60                       # seconds; the slowest of these calls takes two
EXAMPLES = 500 if SOAK else 60  # of each call
PROFILE = dict(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


# What comes in: things that fit, in any form, mixed with things that do not

THINGS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([2**31, 2**63, 10**30, -10**30, 10**5000]), st.floats(),
    st.text(max_size=3), st.binary(max_size=3), st.builds(object), st.just(pd.NA), st.just(pd.NaT), st.complex_numbers(),
    st.sampled_from([[], {}, (), set(), [None], [1.], ['x'], [['x']], [[1], [1, 2]], {'a': 1}, range(2), len, np.float32('nan')]),
    st.builds(np.array, st.sampled_from([[], 0, 'x', [1], ['x'], [None], [[1.]], 'NaT'])), st.just(pd.Series(['x'])),
    st.sampled_from(['a'*5000, '\0', '\ud800', '🎉'*200]))

SAID = ['thank you', 'what a lovely flight', 'my bag is lost', 'NA', '911', "can't :( &amp;lt;3 <3", 'https://x.y/z @a #b']
MARKS = '\u200d\ufe0f\ufe0e\u20e3\0\ufeff\u202e\ud83d\udc00\u0301\U0001f3fd\U0001f1fa\U0001f1f8\U000e0067\r\n\t 🎉👍👩❤☺ثשلום한국'
TEXTS = st.one_of(st.sampled_from(SAID), st.text(), st.text(MARKS, max_size=40), st.text(st.characters(codec=None), max_size=20))
LONG = ['🎉'*250_000, 'a'*10**6, 'so '*300_000, '\u200d'*10**5, "'"*10**5, '<3'*10**5, '('*10**5, '\ud83d'*10**5, ' '*10**6]
NUMBERS = st.sampled_from([0., 1., -2.5, 1e30, -1e300, 1e-300, np.nan, np.inf])
COUNTS = st.sampled_from([1, 2, 5, 900, np.int64(3), 0, -1, 2.0, True, '3', None, 10**30])


def filled(shape, kind, value):
    with np.errstate(all='ignore'): return np.full(shape, value).astype(kind)


PIXELS = st.one_of(
    st.builds(filled, st.sampled_from([(0, *SHAPE), (1, *SHAPE), (3, *SHAPE)]), st.sampled_from(['uint8', 'float32']), st.sampled_from([0, .5, 1])),
    st.builds(filled, st.sampled_from([SHAPE, (1, *SHAPE), (1, 36, 36, 3), (1, 36, 36), (2, 0, 36, 4), (2, 35, 36, 4), (4,), (), (0,)]),
              st.sampled_from(['uint8', 'float32', 'float64', 'float16', 'uint16', 'int64', 'bool', 'complex64', 'object', 'U3']),
              st.sampled_from([0, .5, 1, 255, -1, 1e-9, 1.0000001, 1e30, np.nan, np.inf])))
CODES = st.one_of(
    st.lists(st.lists(st.floats(-3, 3), min_size=16, max_size=16), max_size=3),
    st.lists(st.lists(NUMBERS, min_size=16, max_size=16), max_size=3),
    st.builds(filled, st.sampled_from([(1, 16), (0, 16), (16,), (2, 15), (), (0,), (1, 1, 16)]), st.sampled_from(['float32', 'float64', 'int8']), NUMBERS))
FRAMES = st.builds(lambda texts: pd.DataFrame({'text': pd.Series(texts, dtype=object)}), st.lists(st.one_of(TEXTS, THINGS), max_size=4))
SVGS = st.sampled_from(['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 47.5 47.5"/>', '<svg/>', '<svg', '<a/>', '<svg>&x;</svg>'])


def mostly(*good): return st.one_of(*3*good, THINGS)
def listed(kind): return st.lists(mostly(kind), max_size=4)


# What goes in

@pytest.fixture(scope='module')
def known(answerer): return {'answerer': answerer, 'emojis': load_emojis(), 'latest': load_emojis('latest')}


SETS = st.sampled_from(['emojis', 'latest', 'three', 'none'])
NAMES = st.lists(st.sampled_from(['1f389', '🎉', '❤️', '1F608', '🦖', 'facade', '']), max_size=4)
CALLS = {  # name → how it is called on what is known, and what its arguments are drawn from
    'Answerer.from_pretrained': (lambda known, *args: Answerer.from_pretrained(*args), [THINGS]),
    'Answerer.answer': (lambda known, *args: known['answerer'].answer(*args), [mostly(TEXTS), mostly(COUNTS), mostly(SETS, NAMES, st.none())]),
    'Answerer.answer_texts': (lambda known, *args: known['answerer'].answer_texts(*args)[2], [listed(TEXTS), mostly(COUNTS)]),
    'Answerer.score': (lambda known, *args: known['answerer'].score(*args), [mostly(listed(TEXTS)), mostly(SETS, NAMES, PIXELS)]),
    'Answerer.sentiment': (lambda known, *args: known['answerer'].sentiment(*args), [mostly(listed(TEXTS))]),
    'Answerer.encode_texts': (lambda known, *args: known['answerer'].encode_texts(*args), [mostly(listed(TEXTS))]),
    'Answerer.encode_emojis': (lambda known, *args: known['answerer'].encode_emojis(*args), [mostly(SETS, NAMES, PIXELS)]),
    'Answerer.vae_encoder': (lambda known, *args: known['answerer'].vae_encoder(*args), [mostly(PIXELS)]),
    'Answerer.vae_decoder': (lambda known, *args: known['answerer'].vae_decoder(*args), [mostly(CODES)]),
    'answer_frame': (lambda known, *args: tables.answer_frame(*args), [mostly(FRAMES), mostly(st.just('text')), mostly(COUNTS)]),
    'answer_files': (lambda known, *args: bulk.answer_files(*args), [mostly(st.just('tweets.csv')), mostly(st.integers(0, 10**9).map('out{}.csv'.format)),
                     mostly(st.just('text')), mostly(COUNTS), mostly(st.none()), mostly(COUNTS)]),
    'load_emojis': (lambda known, *args: len(data.load_emojis(*args)), [mostly(st.just('1.2.0'))]),
    'load_tweets': (lambda known, *args: len(data.load_tweets(*args)), [mostly(st.just('tweets.csv'))]),
    'load_glove': (lambda known, *args: data.load_glove(*args)[0], [mostly(listed(TEXTS))]),
    'emoji_split': (lambda known, *args: data.emoji_split(*args), [mostly(NAMES)]),
    'tweet_split': (lambda known, *args: data.tweet_split(*args), [mostly(listed(TEXTS))]),
    'split_tweets': (lambda known, *args: len(data.split_tweets(*args)), [mostly(FRAMES)]),
    'EmojiSet': (lambda known, *args: len(EmojiSet(*args)), [mostly(NAMES, SETS), mostly(PIXELS)]),
    'EmojiSet in': (lambda known, name: name in known['emojis'], [mostly(TEXTS, st.just('🎉'))]),
    'EmojiSet.index': (lambda known, name: known['emojis'].index(name), [mostly(TEXTS, st.just('🎉'))]),
    'EmojiSet[…]': (lambda known, key: len(known['emojis'][key]), [mostly(NAMES, TEXTS, SETS, st.slices(900), st.integers(-900, 900), st.lists(st.integers(-900, 900)))]),
    'find_emojis': (lambda known, *args: len(emoji_set.find_emojis(*args)), [mostly(listed(TEXTS)), mostly(SETS)]),
    'without_emojis': (lambda known, *args: len(emoji_set.without_emojis(*args)), [mostly(listed(TEXTS)), mostly(SETS), mostly(st.none())]),
    'to_float': (lambda known, *args: images.to_float(*args), [mostly(PIXELS)]),
    'to_uint8': (lambda known, *args: images.to_uint8(*args), [mostly(PIXELS)]),
    'composite': (lambda known, *args: images.composite(*args), [mostly(PIXELS), mostly(NUMBERS, st.none())]),
    'rasterise': (lambda known, *args: images.rasterise(*args), [mostly(SVGS), mostly(st.just(8), COUNTS), mostly(st.sampled_from([0, 1.25]), NUMBERS)]),
    'open_png': (lambda known, *args: images.open_png(*args).size, [mostly(st.just('a.png'))]),
    'load_original': (lambda known, *args: images.load_original(*args), [mostly(NAMES)]),
    'mosaic': (lambda known, *args: plotting.mosaic(*args).size, [mostly(PIXELS), *3*[mostly(COUNTS)], mostly(NUMBERS, st.just(255))]),
    'psnr': (lambda known, *args: metrics.psnr(*args), [mostly(PIXELS), mostly(PIXELS)]),
    'load_keywords': (lambda known, *args: len(lexicons.load_keywords(*args)), [mostly(SETS)]),
    'load_categories': (lambda known, *args: len(lexicons.load_categories(*args)), [mostly(SETS)]),
    'load_emoji_sentiment': (lambda known, *args: len(lexicons.load_emoji_sentiment(*args)), [mostly(SETS)]),
    'check_weights': (lambda known, *args: weights.check_weights(*args), [mostly(st.sampled_from(list(weights.PRESETS.values()))), mostly(st.just('answer'))]),
    'check_texts': (lambda known, *args: checks.check_texts(*args), [mostly(listed(TEXTS))]),
    **{name: (lambda known, *args, name=name: getattr(emoji_set, name)(*args), [mostly(TEXTS, NAMES.map(''.join))])
       for name in ('slug_to_char', 'lookup_key', 'twemoji_slug', 'fully_qualified', 'is_private', 'has_skin_tone', 'base_slug')},
    'grid': (lambda known, *args: generation.grid(known['answerer'].vae_decoder, *args), [st.sampled_from(['A', 'B', 'C', 'D', '']), st.sampled_from([0, 1, 3, 2.5, '3', None]), NUMBERS]),
    'sample': (lambda known, *args: generation.sample(known['answerer'].vae_decoder, *args), [st.sampled_from([0, 1, 3, 2.5, '3', None])]),
    'walk': (lambda known, *args: generation.walk(known['answerer'].vae_decoder, *args), [CODES.map(np.ravel), CODES.map(np.ravel), st.sampled_from([1, 2, 3, '3'])]),
}


# What comes out

def is_ours(error):
    "Whether a statement of this package raised an error on purpose, in one line of words; or a file is not there, and the like"
    if isinstance(error, OSError) and error.errno: return True
    trace = error.__traceback__
    while trace.tb_next: trace = trace.tb_next
    file, message = trace.tb_frame.f_code.co_filename, str(error)
    on_purpose = file.startswith(PACKAGE) and 'raise' in linecache.getline(file, trace.tb_lineno)
    return isinstance(error, OURS) and on_purpose and 0 < len(message) <= LONGEST_MESSAGE and '\n' not in message


def is_right(name, result):
    "Whether a result holds no number that is none, and is in range"
    if name == 'Answerer.answer':
        fits = (len(result) > 0) == (result.attrs['known_words'] > 0) and result.score.is_monotonic_decreasing
        return fits and result.score.between(-1, 1).all() and result.slug.is_unique
    if name == 'answer_frame': return (result.error.isna() == result.emoji_1.notna()).all()
    if not isinstance(result, np.ndarray) or result.dtype.kind != 'f': return result is not NotImplemented
    return np.isfinite(result).all() and (name != 'Answerer.score' or (np.abs(result) <= 1).all())


@contextmanager
def no_hang():
    "An error where a block takes longer than anything here should"
    def stop(*_): raise AssertionError(f'it takes more than {HANG} s')
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG)
    try: yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def meant(known, value):
    "A set of emojis that is named"
    sets = {'emojis': known['emojis'], 'latest': known['latest'], 'three': known['emojis'][:3], 'none': known['emojis'][:0]}
    return sets[value] if isinstance(value, str) and value in sets else value


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('name', CALLS)
def test_a_right_answer_or_an_error_of_ours(name, known, note, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path/'tweets.csv').write_text('text,airline_sentiment\nthank you,positive\n')
    Image.new('RGBA', (36, 36), 'red').save(tmp_path/'a.png')
    call, kinds = CALLS[name]
    counts = Counter()

    @settings(max_examples=EXAMPLES, **PROFILE)
    @given(st.tuples(*kinds))
    def try_it(values):
        try:
            with no_hang(): result = call(known, *(meant(known, value) for value in values))
        except Exception as error:
            assert is_ours(error), f'{type(error).__name__} from below: {error}'
            counts['refused'] += 1
        else:
            assert is_right(name, result), result
            counts['answered'] += 1

    try_it()
    assert counts['refused'] or name == 'EmojiSet in'
    assert counts['answered'] or not SOAK  # few generated calls may happen to hold no good one
    note(f'inputs, {name}', **counts)


@pytest.mark.parametrize('text', LONG, ids=[repr(text[:3]) for text in LONG])
def test_a_text_of_up_to_a_million_characters(text, answerer):
    with no_hang():
        if not text.strip():
            with pytest.raises(ValueError, match='empty or blank'): answerer.answer(text)
            return
        found = answerer.answer(text)
    assert is_right('Answerer.answer', found)


@pytest.mark.parametrize('mode', ['1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'I;16'])
def test_pngs_of_any_kind(mode, tmp_path):
    pixels = Image.new('RGBA', (36, 36), (255, 0, 0, 255))
    try: picture = pixels.convert(mode)
    except ValueError: picture = Image.new(mode, (36, 36), 2000)
    picture.save(tmp_path/'a.png')
    assert images.to_float(np.asarray(images.open_png(tmp_path/'a.png'))[None]).shape == (1, *SHAPE)


def test_an_animated_png_is_its_first_picture(tmp_path):
    red, blue = (Image.new('RGBA', (36, 36), colour) for colour in ('red', 'blue'))
    red.save(tmp_path/'a.png', save_all=True, append_images=[blue])
    assert np.asarray(images.open_png(tmp_path/'a.png'))[0, 0].tolist() == [255, 0, 0, 255]


def test_a_picture_of_a_hundred_megapixels_is_refused():
    file = io.BytesIO()
    Image.new('1', (10_000, 10_000)).save(file, 'png')
    with no_hang(), pytest.raises(ValueError, match='100,000,000|10,000 × 10,000 pixels'): images.open_png(file, 'a.png')


# The command line

WORDS = st.sampled_from(['-1', '0', '1', '3', '99999999999999999999', 'x', '', ' ', 'nan', '\ud800', '🎉', '/nowhere', '.', 'in.csv', 'a.png', 'A', 'airline', 'no\nlines'])
OPTIONS = {'answer': ['-n', '--json', '--weights', '--input', '--output', '--column', '--rows', '--workers', '--encoding', '--made-up', 'hello', '--scheduler'],
           'generate': ['--grid', '--sample', '--seed', '-o', '--weights'], 'data': ['--json', 'fetched'], 'evaluate': ['--weights', '--jsn'],
           'train vae': ['--epochs', '--later', '-o', '--seed', '--as'], 'train sqam': ['--tweets', '--texts', '--seed', '--epochs'], '': ['nothing', '--version']}
COMMANDS = st.sampled_from(sorted(OPTIONS)).flatmap(lambda name: st.tuples(
    st.just(name), st.lists(st.one_of(st.sampled_from(OPTIONS[name]), WORDS), max_size=6)))
UNLIKELY = {'evaluate', 'train vae', 'train sqam'}  # which take long where all options fit


def test_any_command_line_ends_in_a_line(tmp_path, monkeypatch, note, answerer):
    monkeypatch.chdir(tmp_path)
    load = Answerer.from_pretrained
    monkeypatch.setattr(Answerer, 'from_pretrained', lambda weights=None: load(weights) if weights else answerer)
    monkeypatch.setattr(cli, '_TICKS', 3)
    counts = Counter()

    @settings(max_examples=2*EXAMPLES, **PROFILE)
    @given(COMMANDS, st.sampled_from([b'', b'hi\n', b'\xff\n\0\n', b'\n']))
    def try_it(command, lines):
        name, words = command
        if name in UNLIKELY: words = ['--no-such-option', *words]
        if '--scheduler' in words or '--workers' in words and '--input' in words: words = [*words, '-n', '0']
        (tmp_path/'in.csv').write_text('text\nhello\n')
        with no_hang(): done = CliRunner().invoke(cli.app, [*name.split(), *words], input=lines)
        counts[str(done.exit_code)] += 1
        assert done.exit_code in (0, cli.REFUSED, cli.MISREAD), (command, done.output, done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        said = done.stderr.splitlines()
        asked_for_help = name == '' and not words
        assert asked_for_help or len(said) <= 1 + lines.count(b'\n') + len(words), said  # one for each text, and one more
        assert done.exit_code == 0 or asked_for_help or said, done.output

    try_it()
    note('command lines', **counts)
