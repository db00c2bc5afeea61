"""Whether lines on a page are what a program printed (README.md says what may differ)."""
import re

# Always taken for equal: times, rates.
TIME = re.compile(r"(?<![\w.])\d+(,\d{3})*(\.\d+)?[KMG]?( ?(s|ms|min|h|img/s|candidates/s|models/s)|/(s|min|h))(?![\w/])")
HASH = re.compile(r"\b[0-9a-f]{16}\b")
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(,\d{3})*(\.\d+)?(e[-+]?\d+)?[KMGB]?(?!\w)")


def form(line, numbers_differ):
    """What two lines must have in common."""
    line = TIME.sub("<time>", line.rstrip())
    if not numbers_differ:
        return line
    line = NUMBER.sub("<number>", HASH.sub("<hash>", line))
    return re.sub(r"-+", "-", re.sub(r"\s+", " ", line)).strip()


def wanted_lines(text):
    """The lines of a block that are looked for: neither empty nor left out."""
    return [line for line in text.splitlines() if line.strip() not in ("", "...")]


def first_missing(wanted, printed, numbers_differ=False, consecutive=False):
    """The first wanted line that was not printed in its place; None where all were.

    Wanted lines stand in the order of the printed ones, with any lines between them; `consecutive`: with none.
    """
    wanted = wanted_lines(wanted)
    forms = [form(line, numbers_differ) for line in printed.splitlines() if line.strip()]
    if consecutive:
        return missing_in_run(wanted, forms, numbers_differ)
    at = 0
    for line in wanted:
        try:
            at = forms.index(form(line, numbers_differ), at) + 1
        except ValueError:
            return line
    return None


def missing_in_run(wanted, forms, numbers_differ):
    """The same for lines that follow one another: the line at which the best of all places goes wrong."""
    looked_for = [form(line, numbers_differ) for line in wanted]
    best = 0
    for start in range(len(forms)):
        length = 0
        while length < len(looked_for) and forms[start + length:start + length + 1] == [looked_for[length]]:
            length += 1
        best = max(best, length)
    return None if best == len(wanted) else wanted[best]


def table_rows(text):
    """Rows of a Markdown table as lists of cells, without the rule under its head."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()]
    return [" | ".join(row) for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
