#!/usr/bin/env python
"""What `make run` ends with: the three tweets of the post, their answers, and which weights and corpus gave them."""
import textwrap
from emoji_sqam.data import POST_TWEETS, SENTIMENTS, slug_to_char
from emoji_sqam.house import artifacts_dir
from emoji_sqam.prediction import Answerer

answerer = Answerer.from_pretrained(artifacts_dir()/'weights')
stand_for = {s: slug_to_char(slugs[0]) for s, slugs in answerer.sentiment_emojis.items()}  # one of each group
print()
for number, (text, cosines) in enumerate(zip(POST_TWEETS, answerer.sentiment(POST_TWEETS)), 1):
    print(textwrap.fill(f'{number}. {text}', 100, subsequent_indent='   '))
    print('   ' + '   '.join(f'{stand_for[s]} {s} {c:+.3f}' for s, c in zip(SENTIMENTS, cosines)))
    print('   best of 872: ' + ' '.join(answerer.answer(text).emoji) + '\n')
where = artifacts_dir()
print(f"weights: {where/'weights'}, trained just now on {answerer.about['corpus']}")
print(f"look at: {where/'notebooks'} (executed notebooks), {where/'figures'} (figures); `make docs` builds the site")
