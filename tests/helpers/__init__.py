"""What several tests share: databases, servers, other programs, and patience."""
