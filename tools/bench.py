#!/usr/bin/env python
"""What `make bench` runs: the shipped weights beside the baselines, into figures/benchmark.json. What was predicted for each item
goes into figures/benchmark_items.csv (test tweets), benchmark_emojis.csv, benchmark_ranks.csv (tweets that hold an emoji) and
benchmark_texts.csv (everyday texts).

    bench.py [weights] [baselines] [cross_validation] [ablations] [seeds]     without a name all of them, about an hour"""
import json, platform, sys
from pathlib import Path
import pandas as pd
from emoji_sqam.benchmark import PARTS, benchmark, benchmark_table, comparisons

FIGURES = Path('figures')
ITEMS = ('items', 'ranks', 'emojis', 'texts')

kept = FIGURES/'benchmark.json'
parts = sys.argv[1:] or PARTS
if not set(parts) <= set(PARTS): sys.exit(__doc__)
numbers, items = benchmark(parts=parts)
for name, table in items.items(): table.to_csv(FIGURES/f'benchmark_{name}.csv', lineterminator='\n')
before = json.loads(kept.read_text()) if kept.exists() and sys.argv[1:] else {}
numbers = before | numbers | {'machine': f'{platform.machine()}, Python {platform.python_version()}'}
numbers['comparisons'] = comparisons(*[pd.read_csv(FIGURES/f'benchmark_{name}.csv', index_col=0) for name in ITEMS])
kept.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + '\n')
print(benchmark_table(numbers).to_string())
