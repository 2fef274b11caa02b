"""The one way into Redis or Valkey, for limits and campaigns; needs the extra ``redis``.

Nothing here imports redis-py before a client is opened, except ``faults``, which is imported when
a call has failed.
"""
