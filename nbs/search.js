// The search: entries that hold every word, best first. It takes the place of Fuse, whose fuzzy matches put chance before meaning.

class Fuse {
  constructor(entries) {
    this.entries = entries.map(entry => ({
      item: entry, title: entry.title.toLowerCase(), section: entry.section.toLowerCase(), text: entry.text.toLowerCase(),
    }));
  }

  search(query, { limit = 20 } = {}) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    for (const entry of this.entries) {
      const scores = words.map(word => Fuse.score(entry, word));
      if (scores.every(Boolean)) found.push({ item: entry.item, score: scores.reduce((a, b) => a + b) });
    }
    return found.sort((a, b) => b.score - a.score).slice(0, limit);
  }

  // A name that is the word, a heading that begins with it, a heading that holds it, a text that says it often and early
  static score({ title, section, text }, word) {
    const starts = new RegExp(`(^|[^\\p{L}\\d])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`, 'gu');
    const heading = section || title;
    if (heading === word) return 100;
    const said = text.match(starts)?.length ?? 0;
    const first = text.search(starts);
    return (starts.test(heading) ? 40 : heading.includes(word) ? 20 : 0) + Math.min(said, 5) * 3
      + (said ? 5 / (1 + first / 100) : text.includes(word) ? 1 : 0);
  }
}

window.Fuse = Fuse;
