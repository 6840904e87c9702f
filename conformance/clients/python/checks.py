"""Runs checks, each of one behaviour, and prints a line for each: `ok NAME`, or `not ok NAME: why`."""

import asyncio
import inspect
import sys
import traceback

LIMIT = 20  # seconds for one check, far more than any needs


async def run(client, checks, *args):
    """Calls each of `checks` with `args`, in order. Returns how many failed."""
    failed = 0
    for check in checks:
        name = f"{client}: {check.__doc__}"
        try:
            if inspect.iscoroutinefunction(check):
                await asyncio.wait_for(check(*args), LIMIT)
            else:
                check(*args)
        except Exception as error:  # whatever it is, the next check runs
            failed += 1
            print(f"not ok {name}: {type(error).__name__} {error}", flush=True)
            traceback.print_exc(file=sys.stderr)
        else:
            print(f"ok {name}", flush=True)
    return failed


def equal(got, wanted):
    """Fails, saying what was got, unless it is what was wanted."""
    if got != wanted:
        raise AssertionError(f"got {got!r}, wanted {wanted!r}")
