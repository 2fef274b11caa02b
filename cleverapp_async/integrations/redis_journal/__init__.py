"""Campaigns in Redis or Valkey, for many workers; needs the extra ``redis``."""

from __future__ import annotations

from .campaign import RedisCampaign, RedisJournalReader
from .chunk import ChunkJournal
from .codec import KeyNames
from .journal import RedisJournal

__all__ = ["ChunkJournal", "KeyNames", "RedisCampaign", "RedisJournal", "RedisJournalReader"]
