"""A flow run of the local worker: Prefect's engine in a process that ends when its worker does.

Usage: python -m flows.local.flow_run WORKER_PID (the worker adds the flow run's id to the environment).
"""

import runpy
import sys

from flows.local.processes import end_with_parent

if __name__ == "__main__":
    end_with_parent(int(sys.argv.pop()))
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
