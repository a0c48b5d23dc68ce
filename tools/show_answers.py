#!/usr/bin/env python
"""What `make run` begins and ends with.

    show_answers.py --shipped    three everyday texts, answered by the weights that ship; and what follows
    show_answers.py              everyday texts and the post's three tweets, answered by the weights that were trained just now"""
import argparse, textwrap
from emoji_sqam.core import artifacts_dir
from emoji_sqam.data import POST_TWEETS, SENTIMENTS
from emoji_sqam.emoji_set import slug_to_char
from emoji_sqam.prediction import Answerer
from emoji_sqam.weights import own_weights, weights_folder, weights_origin

EVERYDAY_TEXTS = ['thank you so much, what a lovely flight!', 'happy birthday to my best friend',
                  'stuck in traffic again']


def show_everyday(answerer):
    "A line for each of three texts"
    widest = max(map(len, EVERYDAY_TEXTS))
    for text in EVERYDAY_TEXTS: print(f'{text:{widest}}  {" ".join(answerer.answer(text).emoji)}')


def show_shipped():
    "A line for each of three texts, before anything is downloaded or trained"
    show_everyday(Answerer.from_pretrained())
    print('\nThese answers come from the weights that ship with the package. Next the data is fetched, and the\n'
          'notebooks of the story run, with shorter trainings: three quarters of an hour on two cores. Results go to\n'
          f'{artifacts_dir()}')


def show_tweet(answerer, number, text, cosines):
    "A tweet, its cosine with the emojis of each sentiment, and its best emojis"
    emojis = {name: slug_to_char(slugs[0]) for name, slugs in answerer.sentiment_emojis.items()}  # one of each group
    print(textwrap.fill(f'{number}. {text}', 100, subsequent_indent='   '))
    print('   ' + '   '.join(f'{emojis[name]} {name} {cosine:+.3f}' for name, cosine in zip(SENTIMENTS, cosines)))
    print('   best of 872: ' + ' '.join(answerer.answer(text).emoji) + '\n')


def show_trained():
    "The post's three tweets, and which weights and corpus the answers come from"
    folder, general, artifacts = weights_folder(tuned=True), weights_folder(), artifacts_dir()
    answerer = Answerer.from_pretrained(folder)
    print('\nthe general model:')
    show_everyday(Answerer.from_pretrained(general))
    print(f"\nfine-tuned on {answerer.about['corpus']}:")
    for number, (text, cosines) in enumerate(zip(POST_TWEETS, answerer.sentiment(POST_TWEETS)), 1):
        show_tweet(answerer, number, text, cosines)
    print(f"{weights_origin(general)}, in {general}")
    if general != own_weights(): print(f'         {own_weights()} is not complete; `make run` trains what is missing')
    print(f"look at: {artifacts/'notebooks'} (executed notebooks), {artifacts/'figures'} (figures)\n"
          '         `make docs` builds the site')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--shipped', action='store_true', help='answer with the weights that ship')
    show_shipped() if parser.parse_args().shipped else show_trained()
