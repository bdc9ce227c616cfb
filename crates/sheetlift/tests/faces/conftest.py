"""One function for each face: a workbook and a contract in, an `Answer` out. Every face is the built one, as users get it."""

import json
import os
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sheetlift as sl

BINARIES = Path(os.environ["SHEETLIFT_BINARIES"])
MOTO_PYTHON = Path(os.environ["SHEETLIFT_MOTO_PYTHON"])
KEY = "a-key-for-tests-only"
BUCKET = "faces"


@dataclass
class Answer:
    """The report and the accepted rows, or the error."""

    report: dict | None = None
    accepted: pa.Table | None = None
    code: str | None = None  # of the error; the command line shows none
    face_code: object = None  # what the face makes of it: exit code, status, exception


def ran(accepted, report):
    return Answer(json.loads(report.read_text(encoding="utf-8")), pq.read_table(accepted))


def cli(workbook, contract, folder):
    out, report = folder / "cli.parquet", folder / "cli.json"
    done = subprocess.run(
        [BINARIES / "sheetlift", "convert", workbook, "--contract", contract, "-o", out, "--report", report],
        capture_output=True, text=True,
    )
    if done.returncode in (0, 1):
        return ran(out, report)
    assert done.stderr.startswith("error: ") and "\nhint: " in done.stderr, done.stderr
    return Answer(face_code=done.returncode)


def rust(workbook, contract, folder):
    out, report = folder / "rust.parquet", folder / "rust.json"
    done = subprocess.run(
        [BINARIES / "examples/check", workbook, contract, out, report], capture_output=True, text=True
    )
    if done.returncode == 0:
        return ran(out, report)
    kind, code = done.stderr.split(":", 1)[0].split()
    return Answer(code=code, face_code=kind)


def python(workbook, contract, folder):
    try:
        report = sl.validate(workbook, contract, accepted=True)
    except sl.SheetliftError as error:
        return Answer(code=error.code, face_code=type(error).__name__)
    path = folder / "python.parquet"
    pq.write_table(pa.table(report.accepted), path)
    return Answer(report.to_dict(), pq.read_table(path))


def call(url, body=None, method=None, **headers):
    headers["content-type"] = "application/octet-stream"
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Http:
    def __init__(self, home, contract):
        (home / "contracts").mkdir(parents=True)
        (home / "contracts/inventory.json").write_bytes(contract.read_bytes())
        self.process = subprocess.Popen(
            [BINARIES / "sheetlift-server", "--listen", "127.0.0.1:0", "--contracts", "contracts"],
            cwd=home, stderr=subprocess.PIPE, text=True, env={**os.environ, "SHEETLIFT_API_KEYS": KEY},
        )
        listening = json.loads(self.process.stderr.readline())
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        self.address = listening["address"]

    def __call__(self, workbook, _contract, folder):
        def post(verb, query):
            url = f"http://{self.address}/v1/{verb}?contract=inventory&filename={workbook.name}{query}"
            return call(url, workbook.read_bytes(), **{"x-api-key": KEY})

        status, report = post("validate", "")
        again, accepted = post("convert", "&format=parquet")
        assert status == again
        if status != 200:
            problem = json.loads(report)
            assert problem["status"] == status and problem["code"] == json.loads(accepted)["code"]
            return Answer(code=problem["code"], face_code=status)
        path = folder / "http.parquet"
        path.write_bytes(accepted)
        return Answer(json.loads(report), pq.read_table(path))


class Lambda:
    SERVE = (
        "import os, sys, threading\n"
        "from moto.server import main\n"
        "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()\n"
        "main(['-H', '127.0.0.1', '-p', sys.argv[1]])\n"
    )
    # moto lets in whoever signs, and does not look at the signature.
    SIGNED = {
        "authorization": "AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    }

    def __init__(self, contract):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self.moto = subprocess.Popen(
            [MOTO_PYTHON, "-c", self.SERVE, port],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self.s3 = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                call(f"{self.s3}/moto-api/")
                break
            except OSError:
                assert self.moto.poll() is None, "moto ended at once"
                threading.Event().wait(0.1)
        self.put("", b"")
        variables = {
            "AWS_ENDPOINT_URL": self.s3, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "SHEETLIFT_CONTRACT": contract.read_text(encoding="utf-8"),
            "SHEETLIFT_RESULTS": f"s3://{BUCKET}/results",
        }
        self.function = subprocess.Popen(
            [BINARIES / "sheetlift-lambda-emulator", BINARIES / "bootstrap"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], **variables},
        )

    def put(self, key, body):
        status, answer = call(f"{self.s3}/{BUCKET}/{key}", body, "PUT", **self.SIGNED)
        assert status == 200, answer

    def get(self, uri):
        status, body = call(f"{self.s3}/{uri.removeprefix('s3://')}", **self.SIGNED)
        assert status == 200, uri
        return body

    def __call__(self, workbook, _contract, folder):
        self.put(quote(f"in/{workbook.name}"), workbook.read_bytes())
        event = {
            "source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": BUCKET}, "object": {"key": f"in/{workbook.name}"}},
        }
        print(json.dumps(event), file=self.function.stdin, flush=True)
        for line in self.function.stdout:  # what the function logs comes before its response
            response = json.loads(line)
            if "records" in response:
                break
        (record,) = response["records"]
        report = json.loads(self.get(record["report"]))
        if record["outcome"] == "refused":  # final: another delivery would end the same way
            return Answer(code=report["error"]["code"], face_code=report["error"]["status"])
        path = folder / "lambda.parquet"
        path.write_bytes(self.get(record["report"].replace("report.json", "accepted.parquet")))
        return Answer(report, pq.read_table(path))


@pytest.fixture(scope="session")
def contract():
    return Path(os.environ["SHEETLIFT_FIXTURES"]) / "inventory.contract.json"


@pytest.fixture(scope="session")
def faces(contract, tmp_path_factory):
    http, function = Http(tmp_path_factory.mktemp("http"), contract), Lambda(contract)
    yield {"cli": cli, "rust": rust, "python": python, "http": http, "lambda": function}
    http.process.terminate()
    assert http.process.wait(timeout=30) == 0
    function.function.stdin.close()
    assert function.function.wait(timeout=30) == 0
    function.moto.kill()
