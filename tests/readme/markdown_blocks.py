"""The blocks of a Markdown page, with the markers that stand before them (README.md)."""
import re
from dataclasses import dataclass, field

MARKER = re.compile(r"<!-- readme: *(.*?) *-->", re.DOTALL)
FENCE = re.compile(r"```(\w*) *$")
REPLACE = re.compile(r"replace `([^`]*)` by `([^`]*)`")
# What a marker may say, and whether a block must follow it.
VERBS = {"run": False, "needs": False, "database": False, "not run:": True, "replace": True, "numbers differ": True,
         "columns": True, "consecutive": True, "shown:": True, "file": True}


class PageError(Exception):
    """A page that cannot be read: its place and what is wrong."""


@dataclass
class Block:
    line: int  # of its first line on the page, from 1
    kind: str  # "run" (hidden commands), "heading", "fence", "indented", "table", "needs", "database"
    text: str
    language: str = ""  # of a fence
    markers: list = field(default_factory=list)  # (verb, argument) of those before it

    def marker(self, verb):
        """The argument of a marker before the block; None without one."""
        return next((argument for word, argument in self.markers if word == verb), None)

    def replacements(self):
        return [argument for verb, argument in self.markers if verb == "replace"]


def split_marker(text, place):
    """The verb and the argument of a marker."""
    verb = next((verb for verb in VERBS if text == verb or text.startswith((verb + " ", verb + "\n"))), None)
    if verb is None:
        raise PageError(f"{place}: there is no marker '{text.splitlines()[0]}'; there are: {', '.join(VERBS)}")
    argument = text[len(verb):].strip()
    if verb == "replace":
        pair = REPLACE.fullmatch(text)
        if not pair:
            raise PageError(f"{place}: a replacement is written as: replace `this` by `that`")
        argument = pair.groups()
    elif (verb in ("numbers differ", "columns", "consecutive")) != (argument == ""):
        raise PageError(f"{place}: the marker '{verb}' {'takes nothing' if argument else 'says too little'}")
    return verb, argument


def take_while(lines, start, keep):
    """The index behind the lines from `start` on that `keep`."""
    end = start
    while end < len(lines) and keep(lines[end]):
        end += 1
    return end


def indented_end(lines, start):
    """An indented block goes on over empty lines where an indented line follows them."""
    end = start
    while True:
        end = take_while(lines, end, lambda line: line.startswith("    ") and line.strip())
        later = take_while(lines, end, lambda line: not line.strip())
        if later == end or later == len(lines) or not lines[later].startswith("    "):
            return end
        end = later


def read_block(lines, at, place):
    """The block that begins at a line, and the index behind it; (None, at + 1) where there is none."""
    line = lines[at]
    if line.startswith("#"):
        return Block(at + 1, "heading", line), at + 1
    fence = FENCE.match(line)
    if fence:
        end = take_while(lines, at + 1, lambda text: not text.startswith("```"))
        if end == len(lines):
            raise PageError(f"{place}: the block is not closed")
        return Block(at + 1, "fence", "\n".join(lines[at + 1:end]), fence[1]), end + 1
    if line.startswith("    ") and line.strip():
        end = indented_end(lines, at)
        return Block(at + 1, "indented", "\n".join(text[4:] for text in lines[at:end])), end
    if line.startswith("|"):
        end = take_while(lines, at, lambda text: text.startswith("|"))
        return Block(at + 1, "table", "\n".join(lines[at:end])), end
    return None, at + 1


def read_marker(lines, at, place):
    """A marker as (verb, argument), and the index behind its lines."""
    end = at + take_while(lines[at:], 0, lambda text: "-->" not in text) + 1
    comment = MARKER.fullmatch("\n".join(lines[at:end]))
    if not comment:
        raise PageError(f"{place}: a marker is a comment of its own, from '<!-- readme:' to '-->'")
    return split_marker(comment[1], place), end


def read_page(text, name):
    """The blocks of a page in order. Raises PageError."""
    lines, blocks, waiting, at = text.splitlines(), [], [], 0
    while at < len(lines):
        place = f"{name}:{at + 1}"
        if lines[at].startswith("<!-- readme:"):
            (verb, argument), end = read_marker(lines, at, place)
            if VERBS[verb]:
                waiting.append((verb, argument))
            else:
                blocks.append(Block(at + 1, verb, argument))
            at = end
            continue
        block, end = read_block(lines, at, place)
        if block is not None:
            block.markers = waiting
            blocks.append(block)
        elif waiting and lines[at].strip():
            raise PageError(f"{place}: the marker '{waiting[0][0]}' has no block behind it")
        if block is not None:
            waiting = []
        at = end
    if waiting:
        raise PageError(f"{name}:{len(lines)}: the marker '{waiting[0][0]}' has no block behind it")
    return blocks
