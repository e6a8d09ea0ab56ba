"""Runs cryo, or counts what it wrote: the package has no command of its own.

usage: by_cryo.py freeze 'JSON OF ARGUMENTS' | by_cryo.py count FOLDER
"""
import json
import pathlib
import sys

if sys.argv[1] == "freeze":
    import cryo

    cryo.freeze("logs", **json.loads(sys.argv[2]))
else:
    import pyarrow.parquet

    files = pathlib.Path(sys.argv[2]).glob("*.parquet")
    print(sum(pyarrow.parquet.ParquetFile(file).metadata.num_rows for file in files))
