"""Commands for maintainers, each run as ``python -m crnn.tools.NAME``. Nothing else imports them."""
