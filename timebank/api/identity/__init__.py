"""Operations of signing in: sessions, passwords and one-time codes, OpenID Connect."""
