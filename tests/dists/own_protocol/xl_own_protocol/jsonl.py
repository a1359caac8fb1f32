"""Texts and labels from ``FOLDER/{language}.jsonl`` below the data root, an object a line."""

import json

from xlbench import DataMissing
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import Reading

KEYS = {"folder": str, "max_rows": int}
REQUIRED = ("folder",)


class JsonLines(Reading):
    def _find(self):
        root = self.data.root
        files = {path.stem: path for path in (root / self.home.table["folder"]).glob("*.jsonl")} if root else {}
        if not (codes := self.home.by_language(sorted(files), self._place())):
            raise DataMissing(self.missing(f"{self.name} is not at hand: none in {self._place()}"))
        return {language: files[code] for language, code in codes.items()}

    def _read(self, language):
        lines = self._found[language].read_text(encoding="utf-8").split("\n")
        rows = [json.loads(line) for line in lines if line][: self._rows()]
        ids = tuple(f"{self.name}:{language}:{number}" for number in range(1, len(rows) + 1))
        return Records(ids, ids, {name: tuple(str(row[name]) for row in rows) for name in ("text", "label")})

    def _place(self):
        return f"{self.home.table['folder']}/*.jsonl under {self.data.root or 'a data root, which is not set'}"


def source(home, data):
    return JsonLines(home, data)
