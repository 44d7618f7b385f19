"""Questions about texts that are passwords, tokens or keys, and about those that only look so."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from migrate_guard import asking
from migrate_guard.model.patterns import lazily


class Secret(NamedTuple):
    """A secret in a text: what it is, without being told, and where."""

    what: str
    start: int
    end: int


_TOKENS: Final = (
    ("a private key", r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?-----"),
    ("an access key of AWS", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("a token of GitHub", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
    ("a token of GitLab", r"\bglpat-[\w-]{20,}"),
    ("a token of Slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}|\bhooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,}"),
    ("a key of Stripe", r"\b[sr]k_live_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9]{24,}"),
    ("a key of Google", r"\bAIza[\w-]{35}(?![\w-])"),
    ("a key of OpenAI", r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{40,}"),
    ("a key of Anthropic", r"\bsk-ant-[\w-]{32,}"),
    ("a key of SendGrid", r"\bSG\.[\w-]{20,24}\.[\w-]{40,}"),
    ("a key of Twilio", r"\bSK[0-9a-f]{32}\b"),
    ("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a token of PyPI", r"\bpypi-AgE[\w-]{50,}"),
    ("a signed token", r"\beyJ[\w-]{12,}\.eyJ[\w-]{12,}\.[\w-]{20,}"),
)
"""The shapes of keys that those who give them out publish (GitHub, secret scanning patterns; gitleaks' rules)."""
_SHAPES: Final = lazily("|".join(f"(?P<s{number}>{shape})" for number, (_, shape) in enumerate(_TOKENS)))
_MARKS: Final = (
    *("PRIVATE KEY", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox"),
    *("hooks.slack.com", "k_live_", "whsec_", "AIza", "sk-", "SG.", "SK", "npm_", "pypi-AgE", "eyJ"),
)
"""Each shape holds one of them, and nearly no script does: to look for the shapes takes a hundred times as long."""
_URL: Final = lazily(
    r"\b[a-z][a-z0-9+.-]{2,}://[^\s:/@'\"<>{}%$]*:(?P<password>[^\s/@'\"<>{}$]{3,})@(?P<host>[\w.-]+)", re.IGNORECASE
)
_LOCAL: Final = lazily(
    r"localhost|.*\.localhost|127\.[\d.]+|0\.0\.0\.0|host\.docker\.internal|db|database|host|hostname|server|pg|postgres"
    r"|postgresql|mysql|mariadb|redis|rabbitmq|example\.\w+|.*\.example(?:\.\w+)?|.*\.test|.*\.local",
    re.IGNORECASE,
)
_PLACEHOLDER: Final = lazily(
    r"""(?:x+|\*+|\.+|-+|_+|0+|1+|123\d*|abc\w{0,5}|n/?a|none|null|nil|true|false|empty|unset|undefined|redacted|masked
    |(?:your|my|the|a|some|insert|put|enter|new|old|default|initial|temp(?:orary)?|change|replace|fake|dummy|mock|sample
    |example|test(?:ing)?|demo|foo|bar|baz|todo|fixme|placeholder|secret|secrets|password|passwd|passphrase|pass|pwd
    |token|key|api|access|private|public|client|app|auth|user|value|string|here|it|me|this|please|must|be|to|is|not|of)
    [\s_.\-]*)+[\d!]{0,2}|<.*>|\[.*\]|\{.*\}|\$.*\$?|%.*%?|:\w+|.*\*{3,}.*|.*\.{3,}.*|.*….*""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_HASH: Final = lazily(
    r"\$(?:2[abxy]?|argon2\w*|scrypt|pbkdf2[\w-]*|[156y])\$.*|(?:pbkdf2|scrypt|argon2|bcrypt|sha\d*)[\w:-]*\$.*"
    r"|\{\w+\}.*|SCRAM-SHA-256\$.*|md5[0-9a-f]{32}|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}"
    r"|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}",
    re.DOTALL,
)
_UUID: Final = lazily(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LEAST: Final = 4
_LEAST_OF_TOKENS: Final = 16
_ENTROPY: Final = 3.0
"""Bits a character, of a token: words and repeated characters have less."""


def secrets_in(text: str) -> Iterator[Secret]:
    """The secrets of a script that are known by their shape."""
    for found in _SHAPES.finditer(text) if any(mark in text for mark in _MARKS) else ():
        number = int((found.lastgroup or "s0")[1:])
        what = _TOKENS[number][0]
        if what == "a private key" or _is_random(found[0]):
            yield Secret(what, found.start(), found.end())
    for found in _URL.finditer(text) if "://" in text and "@" in text else ():
        if not is_placeholder(found["password"]) and not _LOCAL.fullmatch(found["host"]):
            yield Secret(f'the password for "{found["host"]}"', *found.span("password"))


def is_placeholder(value: str) -> bool:
    """Whether a text only stands where a secret is to be, or is a hash of one, or an id."""
    bare = value.strip()
    return (
        len(bare) < _LEAST
        or len(set(bare)) == 1
        or _PLACEHOLDER.fullmatch(bare) is not None
        or _HASH.fullmatch(bare) is not None
        or _UUID.fullmatch(bare) is not None
        or " " in bare
    )


_PASSWORDS: Final = frozenset({"password", "passwd", "pwd", "passphrase", "passcode"})
_TOKEN_WORDS: Final = frozenset({"secret", "token", "apikey", "apitoken"})
_KEY_WORDS: Final = frozenset({"api", "access", "private", "secret", "auth", "signing", "encryption"})


def is_secret(column: str, value: str) -> bool:
    """Whether a text that is written into a column is a password or token by the name of that and its own shape."""
    words = asking.words(column)
    last = words[-1] if words else ""
    if last in _PASSWORDS:
        return not is_placeholder(value) and not value.startswith(("http://", "https://"))
    is_token = last in _TOKEN_WORDS or (last == "key" and words[-2:-1] and words[-2] in _KEY_WORDS)
    return bool(is_token) and not is_placeholder(value) and len(value) >= _LEAST_OF_TOKENS and _is_random(value)


def _is_random(text: str) -> bool:
    """Whether a token is no word and no row of one character: letters and digits in it, and enough of them."""
    bare = text.rpartition("_")[2] if text.count("_") == 1 else text
    if re.search(r"example|test|dummy|fake|xxxx|0000|1234567|abcdef", text, re.IGNORECASE):
        return False
    return bool(re.search(r"\d", bare) or re.search(r"[a-z][A-Z]|[A-Z]{2}", bare)) and entropy(text) >= _ENTROPY


def entropy(text: str) -> float:
    """Shannon's entropy of the characters of a text, in bits a character."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
