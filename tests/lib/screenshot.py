#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws a terminal screen as a PNG: reads what `tmux capture-pane -e -p` printed, writes a picture.

usage: screenshot.py [--light] [--columns N] < capture > picture.png

The font's box and block characters are used as they are; braille dots are drawn, since monospace fonts lack them.
"""
import re
import sys
import io
from PIL import Image, ImageDraw, ImageFont

CELL_W, CELL_H, SIZE = 10, 21, 16
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
BOLD = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"
BASE16 = ["#000000", "#cc3333", "#4e9a06", "#c4a000", "#3465a4", "#75507b", "#06989a", "#d3d7cf",
          "#555753", "#ef2929", "#8ae234", "#fce94f", "#729fcf", "#ad7fa8", "#34e2e2", "#eeeeec"]


def colour_256(n):
    if n < 16:
        return BASE16[n]
    if n >= 232:
        return "#" + "%02x" % (8 + (n - 232) * 10) * 3
    n -= 16
    steps = [0, 95, 135, 175, 215, 255]
    return "#%02x%02x%02x" % (steps[n // 36], steps[n // 6 % 6], steps[n % 6])


class Pen:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.reverse = self.underline = False

    def apply(self, codes):
        codes = [int(c) if c else 0 for c in codes.replace(":", ";").split(";")]
        i = 0
        while i < len(codes):
            c = codes[i]
            if c == 0:
                self.reset()
            elif c in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[c], True)
            elif c == 22:
                self.bold = self.dim = False
            elif c == 24:
                self.underline = False
            elif c == 27:
                self.reverse = False
            elif c in (38, 48):
                name = "fg" if c == 38 else "bg"
                if codes[i + 1] == 5:
                    setattr(self, name, colour_256(codes[i + 2]))
                    i += 2
                else:
                    setattr(self, name, "#%02x%02x%02x" % tuple(codes[i + 2:i + 5]))
                    i += 4
            elif 30 <= c <= 37 or 90 <= c <= 97:
                self.fg = BASE16[c - 30 if c < 90 else c - 82]
            elif 40 <= c <= 47 or 100 <= c <= 107:
                self.bg = BASE16[c - 40 if c < 100 else c - 92]
            elif c == 39:
                self.fg = None
            elif c == 49:
                self.bg = None
            i += 1


def draw_braille(draw, x, y, bits, colour):
    for bit, (column, row) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
        if bits >> bit & 1:
            left, top = x + 2 + column * 4, y + 2 + row * 5
            draw.rectangle([left, top, left + 2, top + 2], fill=colour)


def main():
    light = "--light" in sys.argv
    paper, ink = ("#ffffff", "#222222") if light else ("#14171c", "#d0d4da")
    lines = sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\n").split("\n")
    plain = [re.sub(r"\x1b\[[0-9;:]*m|\x1b\(B|\x0f|\x0e", "", line) for line in lines]
    width = max(len(line) for line in plain)
    if "--columns" in sys.argv:
        width = int(sys.argv[sys.argv.index("--columns") + 1])
    image = Image.new("RGB", (width * CELL_W + 20, len(lines) * CELL_H + 20), paper)
    draw = ImageDraw.Draw(image)
    fonts = {False: ImageFont.truetype(FONT, SIZE), True: ImageFont.truetype(BOLD, SIZE)}
    pen = Pen()
    for row, line in enumerate(lines):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;:]*m|\x1b\(B|\x0f|\x0e)", line):
            if part.startswith("\x1b["):
                pen.apply(part[2:-1])
                continue
            if part[:1] in ("\x1b", "\x0f", "\x0e"):
                continue
            for char in part:
                x, y = 10 + column * CELL_W, 10 + row * CELL_H
                fg, bg = pen.fg or ink, pen.bg or paper
                if pen.reverse:
                    fg, bg = bg, fg
                if bg != paper:
                    draw.rectangle([x, y, x + CELL_W - 1, y + CELL_H - 1], fill=bg)
                if pen.dim:
                    fg = tuple((a + b) // 2 for a, b in zip(bytes.fromhex(fg[1:]), bytes.fromhex(bg[1:])))
                if 0x2800 <= ord(char) <= 0x28ff:
                    draw_braille(draw, x, y, ord(char) - 0x2800, fg)
                elif char != " ":
                    draw.text((x, y), char, font=fonts[pen.bold], fill=fg)
                if pen.underline:
                    draw.line([x, y + CELL_H - 3, x + CELL_W - 1, y + CELL_H - 3], fill=fg)
                column += 1
    out = io.BytesIO()
    image.quantize(48).save(out, "PNG", optimize=True)
    sys.stdout.buffer.write(out.getvalue())


if __name__ == "__main__":
    main()
