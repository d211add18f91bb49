"""``crnn serve``: read pictures over HTTP, and a page to try it on.

FastAPI and uvicorn are imported here alone; the extra ``serve`` brings them.
"""
