# docker build -t crnn . && docker run --rm -p 127.0.0.1:8000:8000 crnn
FROM python:3.12-slim
COPY . /source
RUN pip install --no-cache-dir '/source[serve]' && rm -r /source
USER nobody
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=5)"]
CMD ["crnn", "serve", "--host", "0.0.0.0"]
