"""Chromium without a window, asked in the words of its DevTools protocol over two pipes, with
Python's own library alone: https://chromedevtools.github.io/devtools-protocol/
"""
import base64
import json
import os
import shutil
import subprocess
import time

PATIENCE = 300  # seconds for each thing to happen
NO_CHROMIUM = "there is no Chromium here: apt-get install chromium"


def find_chromium():
    """The program; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """A browser of its own, whose folder is `profile`; ended when its `with` ends."""

    def __init__(self, program, profile):
        commands, self._commands = os.pipe()
        self._events, events = os.pipe()

        def inherit():
            # The protocol's own descriptors. They are moved away first, lest one hide the other.
            read, write = os.dup2(commands, 20), os.dup2(events, 21)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self._process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu",
             "--hide-scrollbars", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=inherit, close_fds=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(events)
        self._rest = b""
        self._number = 0
        self.events = []  # all that was told without being asked for, in its order

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()

    def _read(self):
        while b"\0" not in self._rest:
            more = os.read(self._events, 1 << 20)
            if not more:
                raise RuntimeError("Chromium has ended: does `chromium --headless=new` work here?")
            self._rest += more
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def read_event(self):
        """Waits for something that was not asked for; not between a question and its answer."""
        self.events.append(self._read())

    def ask(self, method, session=None, **parameters):
        self._number += 1
        question = {"id": self._number, "method": method, "params": parameters}
        if session:
            question["sessionId"] = session
        os.write(self._commands, json.dumps(question).encode() + b"\0")
        while True:
            message = self._read()
            if message.get("id") != self._number:
                self.events.append(message)
            elif "error" in message:
                raise RuntimeError(f"{method}: {message['error']}")
            else:
                return message["result"]


class Page:
    """A page of a browser; closed when its `with` ends."""

    def __init__(self, browser):
        self._browser = browser
        self._target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.ask("Target.attachToTarget", targetId=self._target,
                                    flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")
        self.ask("Page.setLifecycleEventsEnabled", enabled=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._browser.ask("Target.closeTarget", targetId=self._target)

    def ask(self, method, **parameters):
        return self._browser.ask(method, self._session, **parameters)

    def told(self, method):
        """The parameters of the page's own events with this name."""
        return [event["params"] for event in self._browser.events
                if event.get("sessionId") == self._session and event["method"] == method]

    def open(self, address):
        """Until all of it is loaded: the page before it has a load event, too."""
        loader = self.ask("Page.navigate", url=address)["loaderId"]
        while not any(event["loaderId"] == loader and event["name"] == "load"
                      for event in self.told("Page.lifecycleEvent")):
            self._browser.read_event()

    def value(self, script):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script[:500]}: {json.dumps(answer['exceptionDetails'])[:500]}")
        return answer["result"].get("value")

    def wait_for(self, script):
        end = time.monotonic() + PATIENCE
        while not self.value(script):
            if time.monotonic() > end:
                raise RuntimeError(f"after {PATIENCE} s still not: {script}")
            time.sleep(0.1)

    def resize(self, width, height, mobile):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=mobile)

    def screenshot(self, path, **choices):
        picture = self.ask("Page.captureScreenshot", captureBeyondViewport=True, **choices)["data"]
        path.write_bytes(base64.b64decode(picture))

    def complaints(self):
        """What a console would show in red."""
        found = ["exception: " + json.dumps(event["exceptionDetails"])[:400]
                 for event in self.told("Runtime.exceptionThrown")]
        found += ["console: " + json.dumps(event["args"])[:400]
                  for event in self.told("Runtime.consoleAPICalled")
                  if event["type"] in ("error", "warning", "assert")]
        found += ["log: " + event["entry"]["text"] for event in self.told("Log.entryAdded")
                  if event["entry"]["level"] in ("error", "warning")]
        return found
