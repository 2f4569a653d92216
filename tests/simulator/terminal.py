"""A terminal for tests: a program on a pty of its own, and what a person would see of it."""
import codecs
import fcntl
import os
import pty
import re
import struct
import termios
import threading
import time


class Screen:
    """What the program's bytes make of a window: lines broken at its width, broken anew when that changes, as terminals do it."""

    CODES = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])")

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [[""]]  # logical lines as the rows they take
        self.row, self.column = 0, 0
        self.cursor_shown = True
        self.colours = 0
        self.rest = ""

    def flat(self):
        return [row for line in self.lines for row in line]

    def resize(self, columns, rows):
        whole = ["".join(line) for line in self.lines]
        self.columns, self.rows = columns, rows
        self.lines = [[text[i:i + columns] for i in range(0, len(text), columns)] or [""] for text in whole]
        self.row = len(self.flat()) - 1  # the programs that we look at leave it below what they drew
        self.column = len(self.flat()[-1])

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                code = self.CODES.match(text, at)
                if not code:
                    self.rest = text[at:]
                    return
                self.obey(code[1], code[2])
                at = code.end()
            else:
                self.put(text[at])
                at += 1

    def obey(self, argument, letter):
        if letter == "A":
            top = max(0, len(self.flat()) - self.rows)
            self.row = max(top, self.row - int(argument or 1))
        elif letter == "J":
            self.cut()
        elif letter == "m":
            self.colours += 1
        elif (argument, letter) in (("?25", "l"), ("?25", "h")):
            self.cursor_shown = letter == "h"
        else:
            raise AssertionError(f"a code that this terminal does not know: ESC[{argument}{letter}")

    def place(self, row):
        """(line, row within it)"""
        for index, line in enumerate(self.lines):
            if row < len(line):
                return index, row
            row -= len(line)
        raise AssertionError("the cursor is below everything")

    def cut(self):
        line, within = self.place(self.row)
        self.lines[line:] = [self.lines[line][:within] + [self.lines[line][within][:self.column]]]

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            if self.row == len(self.flat()):
                self.lines.append([""])
        else:
            line, within = self.place(self.row)
            if self.column == self.columns:
                self.lines[line].insert(within + 1, "")
                self.row, self.column, within = self.row + 1, 0, within + 1
            text = self.lines[line][within]
            self.lines[line][within] = text[:self.column].ljust(self.column) + character + text[self.column + 1:]
            self.column += 1

    def shown(self):
        rows = [row.rstrip() for row in self.flat()]
        while rows and not rows[-1]:
            rows.pop()
        return rows


class Terminal:
    """A program on a pty. Whatever looks at the screen takes the lock. Not `strict`: only its bytes count, whatever they would draw."""

    def __init__(self, words, environment, columns=100, rows=30, strict=True):
        self.strict = strict
        self.lock = threading.Lock()
        self.screen = Screen(columns, rows)
        self.raw = ""
        self.code = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execve(words[0], words, environment)
            finally:
                os._exit(127)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                return
            with self.lock:
                text = decode(data)
                self.raw += text
                if self.strict:
                    self.screen.feed(text)

    def rows(self):
        with self.lock:
            return self.screen.shown()

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, columns, rows):
        with self.lock:
            self.screen.resize(columns, rows)
            fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def ended(self):
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def until(self, what, condition, seconds=30):
        """The first true value of condition(rows)."""
        end = time.monotonic() + seconds
        while True:
            over = self.ended()
            if over:
                self.reader.join()  # what it wrote last counts, too
            value = condition(self.rows())
            if value:
                return value
            if over or time.monotonic() > end:
                raise AssertionError(f"{'it ended' if over else f'{seconds} s passed'} while waiting until {what}; on the screen:\n" + "\n".join(self.rows()))
            time.sleep(0.02)

    def end(self, seconds=30):
        """The exit code; the screen is complete then."""
        end = time.monotonic() + seconds
        while not self.ended():
            if time.monotonic() > end:
                raise AssertionError(f"it did not end in {seconds} s; on the screen:\n" + "\n".join(self.rows()))
            time.sleep(0.02)
        self.reader.join()
        return self.code

    def close(self):
        if not self.ended():
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
            self.code = -9
        self.reader.join()
        os.close(self.master)
