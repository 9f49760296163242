# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on a terminal: the few sequences of xterm that ncurses writes, taken apart.

    screen = Vt(36, 120)
    screen.feed(octets)
    "101 of 101 live" in screen.text()

Colours and modes are passed over. A sequence that is not known here raises: a screen that is only nearly right would be
worse than none.
"""

import codecs
import re

CONTROL = re.compile(r"\x1b(?:\[([<-?]?)([0-9;:]*)([ -/]*)([@-~])|\]([^\x07\x1b]*)(?:\x07|\x1b\\)|"
                     r"[PX^_]([^\x1b]*)\x1b\\|([()*+#%])(.)|([78=>cDEHMNOZ]))", re.DOTALL)
UNFINISHED = 4096  # characters of a sequence that may wait for its end
IGNORED = set("mhlnctuqp")


class Vt:
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.top, self.bottom = 0, rows - 1
        self.waiting = ""
        self.last = " "
        self.saved = (0, 0)

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells)

    def line_with(self, text):
        """The first line that has it, or ""."""
        return next((line for line in self.text().split("\n") if text in line), "")

    def feed(self, octets):
        text = self.waiting + self.decoder.decode(octets)
        self.waiting = ""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self.put(text[at])
                at += 1
                continue
            match = CONTROL.match(text, at)
            if match is None:
                if len(text) - at > UNFINISHED:
                    raise ValueError(f"no sequence of xterm's: {text[at:at + 20]!r}")
                self.waiting = text[at:]
                return self
            self.control(match)
            at = match.end()
        return self

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.index()
        elif character == "\b":
            self.column = max(self.column - 1, 0)
        elif character == "\t":
            self.column = min((self.column // 8 + 1) * 8, self.columns - 1)
        elif character >= " ":
            if self.column >= self.columns:
                self.column = 0
                self.index()
            self.cells[self.row][self.column] = self.last = character
            self.column += 1

    def index(self):
        if self.row == self.bottom:
            self.scroll(1)
        else:
            self.row = min(self.row + 1, self.rows - 1)

    def scroll(self, count, top=None):
        """Up by `count` lines, down where it is below zero."""
        top = self.top if top is None else top
        for _ in range(min(abs(count), self.rows)):
            del self.cells[top if count > 0 else self.bottom]
            self.cells.insert(self.bottom if count > 0 else top, [" "] * self.columns)

    def erase(self, row, begin, end):
        self.cells[row][begin:end] = [" "] * (end - begin)

    def control(self, match):
        private, parameters, between, final, _, _, _, _, single = match.groups()
        if final is not None:
            if not private and not between and final not in IGNORED:
                self.csi(final, [int(p) if p.isdigit() else 0 for p in parameters.split(";")] if parameters else [])
        elif single == "M":
            if self.row == self.top:
                self.scroll(-1)
            else:
                self.row = max(self.row - 1, 0)
        elif single == "7":
            self.saved = (self.row, self.column)
        elif single == "8":
            self.row, self.column = self.saved

    def csi(self, final, given):
        first = given[0] if given else 0
        count, line = max(first, 1), self.cells[self.row]
        here = min(self.column, self.columns - 1)
        if final in "Hf":
            self.row = min(count, self.rows) - 1
            self.column = min(max(given[1] if len(given) > 1 else 1, 1), self.columns) - 1
        elif final == "A":
            self.row = max(self.row - count, 0)
        elif final in "Be":
            self.row = min(self.row + count, self.rows - 1)
        elif final in "Ca":
            self.column = min(here + count, self.columns - 1)
        elif final == "D":
            self.column = max(here - count, 0)
        elif final in "G`":
            self.column = min(count, self.columns) - 1
        elif final == "d":
            self.row = min(count, self.rows) - 1
        elif final == "K":
            self.erase(self.row, here if first == 0 else 0, here + 1 if first == 1 else self.columns)
        elif final == "J":
            self.erase(self.row, here if first == 0 else 0, here + 1 if first == 1 else self.columns)
            for row in range(self.rows):
                if first >= 2 or (first == 0 and row > self.row) or (first == 1 and row < self.row):
                    self.erase(row, 0, self.columns)
        elif final == "X":
            self.erase(self.row, here, min(here + count, self.columns))
        elif final == "@":
            line[here:here] = [" "] * count
            del line[self.columns:]
        elif final == "P":
            del line[here:here + count]
            line.extend([" "] * (self.columns - len(line)))
        elif final in "LM":
            self.scroll(count if final == "M" else -count, self.row)
        elif final in "ST":
            self.scroll(count if final == "S" else -count)
        elif final == "b":
            for _ in range(count):
                self.put(self.last)
        elif final == "r":
            self.top = count - 1
            self.bottom = (given[1] if len(given) > 1 and given[1] else self.rows) - 1
            self.row = self.column = 0
        else:
            raise ValueError(f"no sequence of xterm's that is known: CSI {given} {final}")
