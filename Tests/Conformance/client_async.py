"""Client A2: the 2.1.0 C++ library with the older Python files, for what A's files leave out.

client_async.py NAMESRV_ADDR CASE; --help says more.
"""
import conformance_support as support

support.use_scratch_home()

import older_api  # noqa: E402

if __name__ == "__main__":
    support.main("A2", older_api.OlderApi, {"async": older_api.send_async, "pull": older_api.pull})
