"""What happened, in words of people: every topic of the log, and every kind of the security log; and to oneself.

Facts say it themselves (`SAYS`, `SAYS_TO_THEM`).
"""

from timebank.domain.vocabulary import FACTS

_OF_SECURITY = {
    "signed-in": "Signed in",
    "new-device": "Signed in from a device that is new",
    "sign-in-refused": "Signing in was refused",
    "sign-in-slowed": "Signing in was tried too often",
    "signed-out": "Signed out",
    "sessions-ended": "Sessions were ended",
    "proof-given": "Proved once more who it is",
    "refresh-reused": "A session was ended, because its token was copied",
    "password-set": "A password was set",
    "code-issued": "A code to choose a password was handed out",
    "phone-code-sent": "A code was sent to the phone",
    "phone-code-issued": "A code for the phone was handed out",
    "phone-verified": "The phone was verified",
    "second-factor-set": "A second factor was set",
    "second-factor-refused": "A second factor was wrong",
    "second-factor-removed": "The second factor was taken away",
    "second-factor-reset": "The second factor was reset by the office",
    "recovery-code-used": "A recovery code was used",
    "identity-linked": "Another account was linked",
    "identity-unlinked": "Another account was unlinked",
    "key-used": "An API key was used",
    "access-refused": "Something was refused",
    "people-read": "Personal data was read",
    "data-exported": "All data was exported",
    "list-signed": "A list was entered as signed by this account",
    "keys-rotated": "The service's keys were changed",
    "head-went-back": "The log of the bank went back",
}

EVENTS = {topic: fact.SAYS for topic, fact in FACTS.items()} | _OF_SECURITY

OWN_EVENTS = {topic: fact.SAYS_TO_THEM for topic, fact in FACTS.items() if fact.SAYS_TO_THEM}
"""The same to whom it happened."""

AS_PROXY = {
    "proxy-appointed": "You may act for somebody else",
    "proxy-ended": "You may act for somebody else no more",
}
"""The same to whoever acts for somebody else."""

AS_OWNER = {
    "credit-given": "Time of yours was given to another",
}
"""The same to whose time it was, given for them by their proxy."""
