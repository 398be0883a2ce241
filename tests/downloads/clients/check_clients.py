"""Clients that are pointed at addresses outside and inside; the service has data.example/v1/a.gz only."""

import asyncio
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from checks import check, raises

URL = "https://data.example/v1/a.gz"
NOWHERE = "https://nowhere.example/file"
OWN = os.environ["OWN"]


@check("urllib")
def _():
    with urllib.request.urlopen(URL, timeout=0.001) as response:
        assert response.url == URL and response.length == 400
        assert response.read() == b"a.gz" * 100
    with raises(urllib.error.URLError, "name resolution"):
        urllib.request.urlopen(NOWHERE)
    with urllib.request.urlopen(OWN) as response:
        assert response.read() == b"own"


@check("urllib with an opener of the code's own")
def _():
    opener = urllib.request.build_opener()
    opener.addheaders = [("User-agent", "Mozilla/5.0")]
    urllib.request.install_opener(opener)
    path, headers = urllib.request.urlretrieve(URL, "kept")
    assert headers["Content-Length"] == "400" and Path(path).stat().st_size == 400
    request = urllib.request.Request(URL, headers={"Range": "bytes=0-3"})
    assert urllib.request.urlopen(request).read() == b"a.gz"
    assert urllib.request.urlopen(urllib.request.Request(URL, method="HEAD")).read() == b""


@check("requests")
def _():
    import requests

    response = requests.get(URL, params={"download": "1"}, stream=True, timeout=5)
    assert response.url == URL + "?download=1" and response.raw.read(4) == b"a.gz"
    assert requests.Session().head(URL).headers["Content-Length"] == "400"
    with raises(requests.exceptions.ConnectionError, "nowhere.example"):
        requests.get(NOWHERE, timeout=5)
    assert requests.get(OWN, timeout=5).content == b"own"


@check("httpx")
def _():
    import httpx

    assert httpx.get(URL).content == b"a.gz" * 100
    assert httpx.get(URL).url == URL
    with raises(httpx.ConnectError, "name resolution"):
        httpx.get(NOWHERE)
    assert httpx.get(OWN).content == b"own"

    async def fetch():
        async with httpx.AsyncClient() as client:
            assert (await client.get(URL)).content == b"a.gz" * 100

    asyncio.run(fetch())


@check("the hub, asked without its library")
def _():
    with urllib.request.urlopen("https://huggingface.co/whatever") as response:
        assert response.read() == b"own" and response.url == "https://huggingface.co/whatever"


@check("nothing is loaded that the code does not import")
def _():
    import subprocess

    code = "import sys; print([n for n in sys.modules if n in ('http.client', 'urllib.request', 'ssl')])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
