"""tensors.py PART - tensors beside the libraries of Python ($TENSOR_PY: a Python that has them) and JavaScript ($TENSOR_JS:
where apache-arrow is installed); TAP.  PART: cases, verdicts, http, model, tables (of Python), js."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT = "1200"      # seconds a part may take


def main():
    part = sys.argv[1]
    top = tempfile.mkdtemp(prefix="ipfrs-tensors.")
    if part == "js":            # it stands where the package does: that is how it is found
        script = os.environ["TENSOR_JS"] + "/arrow.mjs"
        shutil.copy(HERE + "/js/arrow.mjs", script)
        command = ["node", script, top]
    else:
        command = [os.environ["TENSOR_PY"], "%s/py/tensor_%s.py" % (HERE, part), top]
    try:
        return subprocess.run(["timeout", LIMIT, *command], stdin=subprocess.DEVNULL).returncode
    finally:
        shutil.rmtree(top, ignore_errors=True)


sys.exit(main())
