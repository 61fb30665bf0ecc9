"""Takes what the native backend needs out of the wheels in a folder.

usage: python3 unpack_wheels.py WHEELS_FOLDER OUT_FOLDER

tensorflow*  libraries → OUT/lib, C headers → OUT/include
nvidia*      run-time libraries, and ptxas with libdevice → OUT/nvidia, where TensorFlow looks ($ORIGIN/../nvidia)
others       their data (bin/, lib/) → OUT
"""

import os
import shutil
import sys
import zipfile

LIBRARIES = {"tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"}
HEADERS = tuple(
    "tensorflow/include/" + folder
    for folder in (
        "tensorflow/c/",
        "tsl/c/",
        "xla/tsl/c/",
        "tensorflow/core/platform/ctstring",
        "tsl/platform/ctstring",
        "xla/tsl/platform/ctstring",
    )
)
COMPILER = ("nvidia/cuda_nvcc/bin/ptxas", "nvidia/cuda_nvcc/nvvm/libdevice/")


def target_of(name):
    """Where an entry of a wheel goes, relative to the output folder; None where it is not needed."""
    if name.endswith("/") or ".." in name.split("/"):
        return None
    if name in LIBRARIES:
        return "lib/" + os.path.basename(name)
    if name.startswith(HEADERS) and name.endswith(".h"):
        return name[len("tensorflow/") :]
    if name.startswith(COMPILER) or (name.startswith("nvidia/") and "/lib/" in name and ".so" in name):
        return name
    head, data, rest = name.partition(".data/data/")
    return rest if data and "/" not in head else None


def unpack(wheel, out):
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            target = target_of(entry.filename)
            if target is None:
                continue
            path = os.path.join(out, target)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(entry) as source, open(path, "wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            if entry.external_attr >> 16 & 0o111:
                os.chmod(path, 0o755)


if __name__ == "__main__":
    wheels, out = sys.argv[1:]
    for name in sorted(os.listdir(wheels)):
        if name.endswith(".whl"):
            unpack(os.path.join(wheels, name), out)
