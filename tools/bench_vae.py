#!/usr/bin/env python
"""What each step of our autoencoder's recipe buys: trains it with each left out, into figures/vae_ablations.csv.

Five trainings on 12,000 images each: about five minutes on one core."""
from emoji_sqam.data import emoji_split, load_emojis, to_float
from emoji_sqam.house import track
from emoji_sqam.vae import LEFT_OUT, ablate_vae
import pandas as pd

emojis, latest = load_emojis(), load_emojis('latest')
fold, later = emoji_split(emojis.slugs), emoji_split(latest.slugs)
train, validation, more = (to_float(x) for x in (emojis.images[fold=='train'], emojis.images[fold=='validation'],
                                                 latest.images[later=='train']))
rows = [ablate_vae(train, validation, more, steps=[name], later=1108) for name in track(LEFT_OUT, 'leave out')]
pd.concat(rows).round(2).to_csv('figures/vae_ablations.csv', lineterminator='\n')
