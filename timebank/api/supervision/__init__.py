"""Operations of auditors: the event history and the security log."""
