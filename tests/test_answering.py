"Answering: offline, without TensorFlow, and for any text that somebody might type"
import os, subprocess, sys
import numpy as np, pytest
from hypothesis import given, settings, strategies as st
from emoji_sqam.emoji_set import EmojiSet
from emoji_sqam.weights import PRESETS, PRETRAINED, check_weights, read_checksums, weight_files

OFFLINE = """
import socket, sys
def refuse(*args): raise OSError('no network')
socket.socket.connect = socket.getaddrinfo = refuse
from emoji_sqam.prediction import Answerer
answerer = Answerer.from_pretrained()
found = answerer.answer('thank you so much')
assert len(found) == 5 and len(answerer.suggest('thank you')) == 1
assert not {'tensorflow', 'keras'} & set(sys.modules)
print(' '.join(found.slug))
"""


def test_answers_offline_without_tensorflow(tmp_path):
    home = {'HOME': str(tmp_path), 'XDG_CACHE_HOME': str(tmp_path), 'EMOJI_SQAM_CACHE': str(tmp_path/'cache')}
    done = subprocess.run([sys.executable, '-c', OFFLINE], capture_output=True, text=True, cwd=tmp_path,
                          env={**os.environ, **home})
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 5
    assert not (tmp_path/'cache').exists()


def test_the_shipped_files_are_the_released_ones():
    assert set(read_checksums(PRETRAINED)) == set(weight_files())
    assert check_weights(PRETRAINED) == PRETRAINED
    airline = PRESETS['airline']
    assert set(read_checksums(airline)) == set(weight_files('answer', 'train', tuned=True))
    assert check_weights(airline, 'answer', 'train') == airline
    assert sum(path.stat().st_size for path in PRETRAINED.rglob('*') if path.is_file()) <= 20e6


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1))
def test_any_text_gets_an_answer_or_a_clear_error(answerer, text):
    if not text.strip():
        with pytest.raises(ValueError, match='empty or blank'): answerer.answer(text)
        return
    found = answerer.answer(text, n=3)
    assert len(found) == (3 if found.attrs['known_words'] else 0)
    assert np.isfinite(found.score).all() and found.score.between(-1, 1).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32-1), st.integers(1, 3))
def test_any_image_gets_a_score(answerer, seed, n):
    images = np.random.default_rng(seed).integers(0, 256, (n, 36, 36, 4), 'uint8')
    scores = answerer.score(['hello', 'my bag is lost'], images)
    assert scores.shape == (2, n) and np.isfinite(scores).all()


def test_colour_that_nobody_sees_does_not_count(answerer):
    images = np.random.default_rng(0).integers(0, 256, (4, 36, 36, 4), 'uint8')
    images[:, :18, :, 3] = 0
    tinted = images.copy()
    tinted[:, :18, :, :3] = 77
    np.testing.assert_allclose(answerer.score(['hello'], images), answerer.score(['hello'], tinted), atol=1e-6)


def test_one_text_and_many_texts_agree(answerer):
    texts = [f'flight {i} was {"late" if i % 2 else "lovely"}' for i in range(600)]
    together = answerer.score(texts, answerer.slugs[:10])
    np.testing.assert_allclose(together[599:], answerer.score(texts[599:], answerer.slugs[:10]), atol=1e-5)


def test_ties_go_by_slug(answerer):
    images = np.zeros((3, 36, 36, 4), 'uint8')  # that look the same, and so score the same
    emojis = EmojiSet(['1f9a7', '1f9a5', '1f9a6'], images)  # of later releases, of which it knows the pictures alone
    assert answerer.answer('hello', among=emojis).slug.tolist() == ['1f9a5', '1f9a6', '1f9a7']
