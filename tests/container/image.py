"""Builds the image from the Containerfile by buildah, on a base made by debootstrap where no registry can be reached.

The base is kept in CACHE. pip asks the same index as on this machine. Needs root, buildah and debootstrap.
"""

import os
import resource
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
CACHE = Path("/var/tmp/oacmail-container")
IMAGE, BASE = "localhost/oacmail-test", "localhost/oacmail-test-base"
PACKAGES = "python3,python3-venv,ca-certificates"
SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Both ask for more than a machine may allow, if they are not told.
LIMITS = tuple(
    f"--ulimit={name}={hard}:{hard}"
    for name, which in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC))
    for hard in (resource.getrlimit(which)[1],)
)
PIP = {"PIP_INDEX_URL": "index-url", "PIP_DEFAULT_TIMEOUT": "timeout"}


def run(*words: str, seconds: float = 60, code: int | None = 0) -> str:
    """The standard output and error. AssertionError if it exits otherwise than `code`."""
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=seconds
    )
    assert code is None or done.returncode == code, f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-3000:]}"
    return done.stdout


def build(commit: str, wheels: str = "") -> None:
    """IMAGE, from the checkout as it stands. `wheels`: a folder that pip reads instead of an index."""
    with TemporaryDirectory() as folder:
        conf = Path(folder) / "pip.conf"
        conf.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in _pip(wheels).items()))
        seen = [f"--volume={conf}:/etc/pip.conf:ro"]
        seen += [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"] if CERTIFICATES.exists() else []
        seen += [f"--volume={wheels}:/wheels:ro"] if wheels else []
        arguments = [f"--build-arg=BASE={_base()}", f"--build-arg=COMMIT={commit}"]
        words = ["buildah", "build", *LIMITS, "--isolation=chroot", "--format=docker", "--network=host", "--layers"]
        print(run(*words, *seen, *arguments, f"--tag={IMAGE}", str(ROOT), seconds=1800)[-200:])


def _pip(wheels: str) -> dict[str, str]:
    if wheels:
        return {"no-index": "true", "find-links": "/wheels"}
    asked = {key: os.environ[name] for name, key in PIP.items() if name in os.environ}
    return asked | ({"cert": str(CERTIFICATES)} if CERTIFICATES.exists() else {})


def _base() -> str:
    """$BASE, or a small Debian, made at the first call."""
    if named := os.environ.get("BASE"):
        return named
    if subprocess.run(["buildah", "inspect", "--type=image", BASE], capture_output=True, check=False).returncode == 0:
        return BASE
    CACHE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=CACHE, prefix="new-") as draft:
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, f"{draft}/tree", MIRROR, seconds=1800)
        empty = run("buildah", "from", "scratch").strip()
        run("buildah", "add", "--quiet", empty, f"{draft}/tree", "/", seconds=600)
        run("buildah", "commit", "--quiet", "--rm", empty, BASE, seconds=600)
    return BASE
