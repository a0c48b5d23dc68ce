"What people write is read as they mean it: emojis, emoticons, entities, stretched words, other alphabets, negations, fragments"
import copy, pickle
import numpy as np, pytest
from emoji_sqam.data import SENTIMENTS, load_emojis
from emoji_sqam.emoji_set import find_emojis, is_private, slug_to_char, without_emojis
from emoji_sqam.prediction import Answerer
from emoji_sqam.tables import NOTHING_KNOWN, answer_frame

UNKNOWN = ['谢谢你', 'ありがとう', '最悪の飛行機', '\u200d', '\x00 ', '???', '12 : 30', 'https://t.co/abc', 'qqqzzzxxx']
GLAD = ['no problems ever', 'All good. No complaints.', 'not bad at all', 'never had a better flight', "can't complain",
        'no issues whatsoever', 'not a bad seat', 'I have no complaints about the crew', 'nothing to complain about', 'never been happier',
        'no trouble at all', 'couldn’t be better', 'not disappointed at all', "wasn't bad", 'without any problems']
SAD = ["I don't love this", 'not happy about this', 'not good', 'never again', "it wasn't good", 'no fun at all', 'I did not enjoy it',
       'it wasn&#39;t good', 'we didn&#39;t have any fun', 'not worth it']


@pytest.fixture(scope='module')
def general(): return Answerer.from_pretrained()


def best(answerer, text, n=5): return answerer.answer(text, n).emoji.str.replace('\ufe0f', '').tolist()
def feeling(answerer, text): return SENTIMENTS[answerer.sentiment([text])[0].argmax()]


@pytest.mark.parametrize('text', UNKNOWN)
def test_what_is_not_known_is_not_guessed_at(general, text):
    found = general.answer(text)
    assert len(found) == 0 and found.attrs['known_words'] == 0 and general.suggest(text) == []


def test_unknown_texts_are_marked_in_tables(general):
    import pandas as pd
    rows = answer_frame(pd.DataFrame({'text': pd.Series(['ありがとう', 'thank you', 'ok\ud83d'], dtype=object)}), n=1)
    assert rows.error.tolist()[0] == NOTHING_KNOWN and rows.error.isna().tolist() == [False, True, True]
    assert rows.known_words.tolist()[:2] == [0, 2] and rows.emoji_1.isna().tolist() == [True, False, False]


def test_nearly_every_emoji_is_answered_with_itself(general):
    shown = [slug for slug in general.slugs if not is_private(slug)]
    own = [slug in general.answer(slug_to_char(slug)).slug.tolist() for slug in shown]
    assert np.mean(own) >= .95


FITTING = {  # text → emojis of which one is among the five best
    '🎂': '🎂🎁🎉', '🍕': '🍕', '🔥': '🔥', '🥰': '😍😊💕', '🤬': '😖😠😡🙎', 'o_O': '😮😲😳', 'ｔｈａｎｋ': '🙏👍', '😂': '😂😆', '😭': '😭😢',
    '👍🏿': '👍', '<3': '❤💙💚💛💜💖💕', 'squirrel': '🌰🌳', 'happy new year': '🎉🎆', 'what a goal': '⚽🏆',
    'I am so sad today': '😢😭😞', 'my train is late again': '🚆🚂🚄🚃🚉🚅🚇🚊', 'my dog died': '😢💔', 'not happy about this': '😞😒😔😠'}

@pytest.mark.parametrize('text, one_of', FITTING.items())
def test_fitting_emojis_are_among_the_five_best(general, text, one_of): assert set(best(general, text)) & set(one_of)


def test_who_died_is_shown_beside_the_grief(general): assert '🐶' in best(general, 'my dog died')


def test_flags_are_answered_with_flags(general):
    assert sum(len(emoji) == 2 for emoji in best(general, '🇺🇸🇬🇧')) >= 2  # of two regional letters


@pytest.mark.parametrize('text,other', [('ｔｈａｎｋ you', 'thank you'), ('𝐭𝐡𝐚𝐧𝐤 you', 'thank you'), ('sooo saaad', 'so sad'), ('❤️', '❤'), ('👍🏿', '👍'),
                                        ('\ufeffgreat flight\r', 'great flight'), ('it wasn&#39;t good', "it wasn't good"), ('CAN’T wait', "can't wait")])
def test_written_otherwise_it_says_the_same(general, text, other):
    assert np.abs(general.encode_texts([text]) - general.encode_texts([other])).max() < 1e-5


def test_an_emoticon_is_read_as_it_looks(general):
    assert not {'👍', '😄'} & set(best(general, ':('))
    assert feeling(general, 'I <3 this airline') == feeling(general, 'I love this airline') == 'positive'


@pytest.mark.parametrize('text', GLAD)
def test_what_is_denied_may_be_glad(general, text): assert feeling(general, text) == 'positive'


@pytest.mark.parametrize('text', SAD)
def test_what_is_denied_may_be_unhappy(general, text):
    assert feeling(general, text) == 'negative' and not {'😍', '💘', '😃'} & set(best(general, text))


def test_skin_tones_get_one_score(general):
    latest = load_emojis('latest')
    thumbs = latest[['👍', '👍🏻', '👍🏼', '👍🏽', '👍🏾', '👍🏿']]
    for text in ('thief', 'I love you'):
        found = general.answer(text, 6, among=thumbs)
        assert found.score.nunique() == 1 and found.slug[0] == '1f44d'


def test_answers_can_be_used(general):
    found = general.answer('what a lovely flight', 20)
    assert '✈\ufe0f' in found.emoji.tolist()
    assert set(general.answer('hello', 10**6).slug).isdisjoint({'e50a', '1f1e6'})
    assert len(general.answer('party', among=general.answer('birthday cake').emoji.tolist())) == 5
    assert general.answer('party', 1, among=['🎉', '💩']).slug.tolist() == ['1f389']
    for same in (pickle.loads(pickle.dumps(general)), copy.deepcopy(general)): assert same.answer('thank you').equals(general.answer('thank you'))


def test_emojis_are_found_whole():
    emojis, latest = load_emojis(), load_emojis('latest')
    assert find_emojis(['🇦🇺🇸🇬 trip'], latest) == [['1f1e6-1f1fa', '1f1f8-1f1ec']]
    assert find_emojis(['🇦🇺🇸🇬 trip', '🙂‍↔️ no', 'nice 👍🏽'], emojis) == [[], [], ['1f44d']]
    for text in without_emojis(['nice 👍🏽', 'my 👩‍👶', 'love ❤︎ it'], emojis): assert not set(text) & {'\U0001f3fd', '\u200d', '\ufe0e'}
    assert 'facade' not in emojis and 'ffffff' not in emojis
    assert find_emojis(['x'], emojis[:0]) == [[]] and without_emojis(['hi'], emojis[:0]) == ['hi']
