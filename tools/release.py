#!/usr/bin/env python
"""Ship the weights in artifacts/ with the package, once no validation metric became worse.

    release.py [--allow-worse]"""
import json, re, shutil, sys, zipfile
from emoji_sqam.data import sha256
from emoji_sqam.house import PRETRAINED, artifacts_dir
from emoji_sqam.prediction import _FILES

SHIPPED = [*_FILES, 'vae.keras', 'text.keras', 'picture.keras', 'sqam.keras', 'sqam_tokenizer.json', 'sqam_answers.npz',
           'post_decoder.keras', 'post_codes.npz', 'post_answers.npz', 'metrics.json']


def worse(new, old):
    "Names of metrics that became worse; a name that ends in `_loss` is better when lower"
    sign = lambda name: -1 if name.endswith('_loss') else 1
    return [n for n in old if n not in new or sign(n)*new[n] < sign(n)*old[n] - 1e-9]


def ship(source, target):
    "Copy a file; what Keras packs without compression is packed with it"
    if source.suffix != '.keras': return shutil.copy(source, target)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, 'w', zipfile.ZIP_BZIP2) as new:
        for name in old.namelist(): new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_BZIP2)


def main():
    source = artifacts_dir()/'weights'
    missing = [f for f in SHIPPED if not (source/f).exists()]
    if missing: sys.exit(f'{source} has no {", ".join(missing)}; `make refresh` trains them')
    new = json.loads((source/'metrics.json').read_text())
    before = PRETRAINED/'metrics.json'
    old = json.loads(before.read_text()) if before.exists() else {}
    for name in sorted(new): print(f'{name:24} {old.get(name, float("nan")):9.4f} → {new[name]:9.4f}')
    if (bad := worse(new, old)) and '--allow-worse' not in sys.argv: sys.exit(f'not released: {", ".join(bad)} became worse on validation')
    PRETRAINED.mkdir(exist_ok=True)
    for old in PRETRAINED.iterdir():
        if old.suffix in ('.onnx', '.keras', '.npz') and old.name not in SHIPPED: old.unlink()
    for name in SHIPPED: ship(source/name, PRETRAINED/name)
    card = PRETRAINED/'README.md'
    said = ', '.join(f'{name} {value:.4g}' for name, value in sorted(new.items()))
    card.write_text(re.sub('(<!-- metrics -->).*(<!-- /metrics -->)', rf'\1{said}\2', card.read_text(encoding='utf-8')), encoding='utf-8')
    sums = ''.join(f'{sha256(PRETRAINED/name)}  {name}\n' for name in sorted(SHIPPED))
    (PRETRAINED/'SHA256SUMS').write_text(sums)
    size = sum((PRETRAINED/name).stat().st_size for name in SHIPPED)/1e6
    print(f'released {len(SHIPPED)} files, {size:.1f} MB')


if __name__ == '__main__': main()
