"What the README says of the benchmark is what the benchmark says"
import json
from pathlib import Path
from emoji_sqam.benchmark import brief_table

ROOT = Path(__file__).parents[1]


def test_its_table_is_that_of_the_kept_benchmark():
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in (ROOT/'README.md').read_text(encoding='utf-8').splitlines() if line.startswith('|')]
    for name, row in brief_table(json.loads((ROOT/'figures'/'benchmark.json').read_text())).iterrows():
        assert [name, *row] in rows
