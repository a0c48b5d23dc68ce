#!/usr/bin/env python
"""Show the built site on this machine, compressed as a host should serve it: `python tools/preview.py`, then open the address it says."""
import functools, gzip, http.server, io
from pathlib import Path

SITE = Path(__file__).resolve().parents[1]/'_docs'


@functools.lru_cache(maxsize=256)
def compressed(path, changed):
    "The bytes of a file as gzip; `changed` is when it last was"
    return gzip.compress(path.read_bytes(), 6)


class Compressed(http.server.SimpleHTTPRequestHandler):
    "Serves a folder, each file compressed where the browser takes it so"
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {'.mjs': 'text/javascript', '.js': 'text/javascript'}

    def log_message(self, *args): pass

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir(): path /= 'index.html'
        if not path.is_file() or 'gzip' not in self.headers.get('Accept-Encoding', ''): return super().send_head()
        body = compressed(path, path.stat().st_mtime)
        self.send_response(200)
        for name, value in {'Content-Type': self.guess_type(path), 'Content-Encoding': 'gzip', 'Content-Length': len(body), 'Vary': 'Accept-Encoding'}.items():
            self.send_header(name, str(value))
        self.end_headers()
        return io.BytesIO(body)


if __name__ == '__main__':
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Compressed, directory=str(SITE)))
    print(f'http://127.0.0.1:{server.server_port}/ – Ctrl+C ends it')
    try: server.serve_forever()
    except KeyboardInterrupt: pass
