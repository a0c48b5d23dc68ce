"Small inputs that once gave a wrong answer, a trace from below or a picture of nothing, with the right values"
import numpy as np, pytest
from emoji_sqam import generation
from emoji_sqam.data import load_emojis
from emoji_sqam.emoji_set import EmojiSet, find_emojis, without_emojis
from emoji_sqam.images import SHAPE, to_uint8


@pytest.fixture(scope='module')
def emojis(): return load_emojis()


@pytest.mark.parametrize('text, found',
                         [('🇦🇺🇸🇬 trip', []), ('🇺🇸🇮🇹', ['1f1fa-1f1f8', '1f1ee-1f1f9']), ('🇺🇸', ['1f1fa-1f1f8']),
                          ('my 👩‍👶', []), ('👨‍👩‍👧‍👦 at home', []), ('no 🙂‍↔️', []), ('nice 👍🏽', ['1f44d']),
                                         ('❤︎ it', ['2764']), ('1️⃣ 1', ['31-20e3']), ('🎉🎉', ['1f389', '1f389'])])
def test_what_is_drawn_as_one_is_found_as_one(text, found, emojis): assert find_emojis([text], emojis) == [found]


@pytest.mark.parametrize('text', ['nice 👍🏽', 'my 👩‍👶', 'love ❤︎ it', 'love ❤️ it', '👨‍👩‍👧‍👦', '🇺🇸🇮🇹', '1️⃣ one'])
def test_nothing_of_an_emoji_is_left_behind(text, emojis):
    [left] = without_emojis([text], emojis)
    assert not set(left) & {'\u200d', '\ufe0e', '\ufe0f', '\u20e3', *map(chr, range(0x1f3fb, 0x1f400)),
                            *map(chr, range(0x1f1e6, 0x1f200))}
    assert all(char.isascii() for char in left)


@pytest.mark.parametrize('name', ['facade', 'ffffff', 'deadbeef', '', 'é', '110000', '-', '1f389-', '🦖'])
def test_what_is_no_emoji_is_not_in_a_set(name, emojis):
    assert name not in emojis
    with pytest.raises(KeyError, match='no emoji'): emojis.index(name)


def test_an_empty_set(emojis):
    empty = emojis[:0]
    assert find_emojis(['x', '🎉'], empty) == [[], []] and without_emojis(['hi', '🎉'], empty) == ['hi', '🎉']
    assert len(empty) == 0 and '🎉' not in empty and empty._repr_png_()


@pytest.mark.parametrize('count', [0, 1, 3])
def test_a_set_has_a_picture_for_each_emoji(count, emojis):
    with pytest.raises(ValueError, match=f'there are 2 slugs and {count} images'):
        EmojiSet(['1f389', '1f608'], emojis.images[:count])


@pytest.mark.parametrize('images',
                         [[[[2.]]], np.full(SHAPE, 2.), np.full(SHAPE, -1.), np.full(SHAPE, np.nan),
                          np.full(SHAPE, np.inf), np.zeros((4, 3))])
def test_pixels_do_not_wrap(images):
    with pytest.raises(ValueError, match='^images '): to_uint8(images)


def test_pixels_are_rounded(): assert to_uint8(np.array([[1.0000001, -1e-7, .5, 1.]])).tolist() == [[255, 0, 128, 255]]


def test_pixels_are_floats():
    with pytest.raises(TypeError, match='images have the type uint8'): to_uint8(np.zeros(SHAPE, 'uint8'))


@pytest.mark.filterwarnings('ignore::RuntimeWarning')  # of the arithmetic on the way there
@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_codes_that_are_no_numbers_are_not_drawn(bad, answerer):
    code = [0.]*15 + [bad]
    for draw in (lambda: generation.decode_pixels(answerer.vae_decoder, [code]),
                 lambda: generation.walk(answerer.vae_decoder, code, [0.]*16, 3),
                 lambda: generation.grid(answerer.vae_decoder, 'A', 3, limit=bad)):
        with pytest.raises(ValueError, match='codes hold NaN or infinite'): draw()
