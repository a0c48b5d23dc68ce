"""The training of an autoencoder, made small: few emojis, few weights. As a program it can be killed.

    small_training.py FOLDER"""
import sys
from contextlib import contextmanager
from functools import partial
from unittest.mock import patch
from emoji_sqam import training
from emoji_sqam.data import load_emojis
from emoji_sqam.recipes import TrainingConfig
from emoji_sqam.vae import VAE

CONFIG = TrainingConfig(epochs=4, batch_size=16, learning_rate=2e-3, clipnorm=100., ema=.9)


@contextmanager
def small():
    "Let `train_vae` learn from each tenth emoji"
    def some(release='1.2.0'): return load_emojis(release)[::10 if release == '1.2.0' else 40]
    with patch.object(training, 'load_emojis', some), patch.object(training, 'VAE', partial(VAE, filters=4, units=16)): yield


def train(folder, config=CONFIG):
    "The losses of a small training into a folder"
    with small(): return training.train_vae(folder, config)


if __name__ == '__main__': print(train(sys.argv[1]))
