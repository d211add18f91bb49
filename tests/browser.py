"""Drive a headless Chromium over a pipe, by the Chrome DevTools Protocol: no driver and no package is needed."""

import base64
import json
import os
import shutil
import subprocess
import time
from itertools import count

from crnn.tools.render_in_browser import PROGRAMS

PROGRAM = next(filter(None, map(shutil.which, PROGRAMS)), None)
SECONDS = 60.0


class Browser:
    """A page in a headless Chromium, for a ``with`` block.

    Args:
        folder: for its profile.
        width: of its window, in CSS pixels.
        dark: whether the user prefers dark colours.
    """

    def __init__(self, folder, width=1280, height=900, dark=False):
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        options = "--headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --remote-debugging-pipe"
        command = f'exec "$0" {options} "$1" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, PROGRAM, f"--user-data-dir={folder}"],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser), os.close(from_browser)
        self._numbers, self._rest, self._session, self.messages = count(1), b"", None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable"), self.call("Runtime.enable"), self.call("Log.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        self._process.wait()
        os.close(self._write), os.close(self._read)

    def call(self, method, **parameters):
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.messages.append(answer["params"])
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            data = os.read(self._read, 1 << 20)
            assert data, "the browser ended"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, address):
        """Open an address and wait until it is loaded."""
        self.call("Page.navigate", url=address)
        self.wait("document.readyState == 'complete' && location.href != 'about:blank'")

    def run(self, script):
        """Return the value of a JavaScript expression, of a promise what it gives."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script):
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + SECONDS
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < end, f"never true: {script}\n{self.messages}"
            time.sleep(0.05)

    def screenshot(self, path, whole=True):
        """Write a picture of the page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))
