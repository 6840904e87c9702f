"""Runs the checks of one client: main.py over_grpc|over_http HOST:PORT"""

import asyncio
import importlib
import sys

if __name__ == "__main__":
    host, port = sys.argv[2].rsplit(":", 1)
    failed = asyncio.run(importlib.import_module(sys.argv[1]).main(host, int(port)))
    print("done")
    sys.exit(failed > 0)
