#!/usr/bin/env python3
"""Drives real RocketMQ clients against a broker, several cases at a time, and says which of them it serves rightly.

    run.py --namesrv 127.0.0.1:9876 --venvs DIR [--client A] [--case delay] [--logs DIR]
           [--acl-namesrv 127.0.0.1:9877 --access-key KEY --secret-key SECRET]

setup.sh DIR makes the environments. One JSON line a case, in the order in which they end; the summary comes last. Exits
1 if a case failed. The clients are unmodified packages from PyPI, and topics and groups are new in every run, so that
it can be repeated on the same broker. It counts on the broker to make topics and groups when they are first used.

Cases that need a broker which checks signatures want --acl-namesrv, that may be the same one. --logs keeps what the
clients logged, in a folder for each case.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import matrix

AT_ONCE = 4
HERE = os.path.dirname(os.path.abspath(__file__))


def outcome(client, case, ok, detail, seconds=0.0):
    """A line as the client programs print it; `ok` is null for a case that was skipped."""
    return {"client": client, "case": case, "ok": ok, "seconds": seconds, "detail": detail}


def last_line_of_json(output):
    """The client libraries print to standard output too."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except json.JSONDecodeError:
                continue
    return None


def drive(name, case, options, homes):
    """Runs a case in a process of its own, and returns its line, or one in its stead."""
    client = matrix.CLIENTS[name]
    signed = case in matrix.SIGNED
    if signed and not options.acl_namesrv:
        return outcome(name, case, None, "skipped: it needs --acl-namesrv, --access-key and --secret-key")
    command = [os.path.join(options.venvs, client.environment, "bin", "python"), os.path.join(HERE, client.program),
               options.acl_namesrv if signed else options.namesrv, case]
    if signed:
        command += ["--access-key", options.access_key, "--secret-key", options.secret_key]
    home = os.path.join(homes, f"{name}-{case}")
    os.makedirs(home, exist_ok=True)
    environment = dict(os.environ, SLUICE_CONFORMANCE_HOME=home)
    limit = matrix.limit(case)
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment, timeout=limit, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return outcome(name, case, False, f"no outcome within {limit} s", limit)
    said = last_line_of_json(done.stdout)
    if said is None:
        last_words = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
        return outcome(name, case, False, f"ended with {done.returncode} and no outcome: {last_words}")
    return said


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Cases: " + "; ".join(
            f"{name}: {', '.join(client.cases)}" for name, client in matrix.CLIENTS.items()))
    parser.add_argument("--namesrv", required=True, help="the name server, as 127.0.0.1:9876")
    parser.add_argument("--venvs", required=True, metavar="DIR", help="the folder that setup.sh filled")
    parser.add_argument("--client", choices=list(matrix.CLIENTS), help="only this client")
    parser.add_argument("--case", help="only this case")
    parser.add_argument("--logs", metavar="DIR", help="where to keep what the clients log")
    parser.add_argument("--acl-namesrv", help="the name server of a broker that checks signatures")
    parser.add_argument("--access-key")
    parser.add_argument("--secret-key")
    options = parser.parse_args()
    if options.acl_namesrv and not (options.access_key and options.secret_key):
        parser.error("--acl-namesrv needs --access-key and --secret-key")
    chosen = [(name, case) for name, client in matrix.CLIENTS.items() for case in client.cases
              if options.client in (None, name) and options.case in (None, case)]
    if not chosen:
        parser.error("no client has such a case")
    for name, _ in chosen:
        if not os.path.exists(os.path.join(options.venvs, matrix.CLIENTS[name].environment, "made-from")):
            parser.error(f"no environment of client {name} under {options.venvs}; make it with setup.sh")
    # So that none of the long ones is left to run alone at the end.
    return options, sorted(chosen, key=lambda pair: pair[1] not in matrix.LONG)


def main():
    options, chosen = arguments()
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="sluice-conformance-") as scratch, \
            concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        homes = os.path.abspath(options.logs or scratch)
        jobs = [pool.submit(drive, name, case, options, homes) for name, case in chosen]
        for job in concurrent.futures.as_completed(jobs):
            outcomes.append(job.result()["ok"])
            print(json.dumps(job.result()), flush=True)
    print(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed, {outcomes.count(None)} skipped")
    sys.exit(1 if False in outcomes else 0)


if __name__ == "__main__":
    main()
