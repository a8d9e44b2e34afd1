"""Write ``requirements.lock``: every package of the tested set and of its own needs, with hashes.

``make lock`` (needs uv: ``pip install uv``). To install exactly that:
``pip install --require-hashes -r requirements.lock`` and ``pip install --no-deps -e .``
"""

import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        # The package itself is not on an index.
        wanted = Path(folder, "requirements.in")
        wanted.write_text(re.sub(r"^-e .*$", "", text, flags=re.M), encoding="utf-8")
        subprocess.run([
            "uv", "pip", "compile", str(wanted), "--universal", "--python-version", "3.11",
            "--generate-hashes", "--no-annotate", "--quiet", "--custom-compile-command",
            "make lock", "--output-file", str(ROOT / "requirements.lock"),
        ], check=True)
