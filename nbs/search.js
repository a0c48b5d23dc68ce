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

  // A name that is the word, a heading that holds it, a text that says it often and early; the word whole before its beginning
  static score({ title, section, text }, word) {
    const begun = `(?<![\\p{L}\\d])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
    const starts = new RegExp(begun, 'u'), whole = new RegExp(`${begun}s?(?![\\p{L}\\d])`, 'gu');
    const heading = section || title;
    if (heading === word) return 100;
    const said = text.match(whole)?.length ?? 0;
    return (heading.match(whole) ? 40 : starts.test(heading) ? 6 : heading.includes(word) ? 5 : 0)
      + (said ? 4 * Math.min(said, 5) + 5 / (1 + text.search(whole) / 100) : starts.test(text) ? 2 : text.includes(word) ? 1 : 0);
  }
}

window.Fuse = Fuse;
