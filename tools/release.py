#!/usr/bin/env python
"""Ship the weights in artifacts/ with the package, once no validation metric became worse. What was fine-tuned on airline
tweets goes into the folder of that preset.

    release.py [--allow-worse]"""
import json, re, shutil, sys, zipfile
from emoji_sqam.weights import CHECKSUMS, PRESETS, PRETRAINED, note_checksums, own_weights, tuned_folder, weight_files

NAMES = {  # in the model card
    'answers_mrr': 'MRR of the emoji of a tweet', 'general_accuracy': 'accuracy of the general preset on airline tweets',
    'general_macro_f1': '… macro-F1', 'sentiment_accuracy': 'accuracy of the airline preset', 'sentiment_macro_f1': '… macro-F1',
    'sqam_accuracy': 'accuracy of our SQAM', 'sqam_macro_f1': '… macro-F1', 'teacher_cosine': 'cosine with the teacher',
    'vae_loss': 'nats of the autoencoder', 'validation_first': 'everyday texts, a fitting emoji first',
    'validation_in_five': '… among the five best'}
SHIPPED, TUNED = weight_files(), weight_files('answer', 'train', tuned=True)


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
    source = own_weights()
    tuned = tuned_folder(source)
    missing = [f for f in SHIPPED if not (source/f).exists()] + [f'{tuned.name}/{f}' for f in TUNED if not (tuned/f).exists()]
    if missing: sys.exit(f'{source} has no {", ".join(missing)}; `make refresh` trains them')
    new = json.loads((source/'metrics.json').read_text())
    before = PRETRAINED/'metrics.json'
    old = json.loads(before.read_text()) if before.exists() else {}
    for name in sorted(new): print(f'{name:24} {old.get(name, float("nan")):9.4f} → {new[name]:9.4f}')
    if (bad := worse(new, old)) and '--allow-worse' not in sys.argv: sys.exit(f'not released: {", ".join(bad)} became worse on validation')
    PRETRAINED.mkdir(exist_ok=True)
    for path in PRETRAINED.iterdir():
        if path.suffix in ('.onnx', '.keras', '.npz') and path.name not in SHIPPED: path.unlink()
    for name in SHIPPED: ship(source/name, PRETRAINED/name)
    airline = PRESETS['airline']
    airline.mkdir(exist_ok=True)
    for name in TUNED: ship(tuned/name, airline/name)
    card = PRETRAINED/'README.md'
    said = '\n'.join(f'| {said} | {new[name]:.4g} |' for name, said in NAMES.items() if name in new)
    table = f'| on validation | |\n|---|---:|\n{said}\n'
    text = re.sub('(<!-- metrics -->\n).*(<!-- /metrics -->)', rf'\1{table}\2', card.read_text(encoding='utf-8'), flags=re.S)
    card.write_text(text, encoding='utf-8')
    for folder, names in {PRETRAINED: SHIPPED, airline: TUNED}.items():
        (folder/CHECKSUMS).unlink(missing_ok=True)
        note_checksums(folder, names)
    size = sum(path.stat().st_size for path in PRETRAINED.rglob('*') if path.is_file())/1e6
    print(f'released {len(SHIPPED)+len(TUNED)} files, {size:.1f} MB')


if __name__ == '__main__': main()
