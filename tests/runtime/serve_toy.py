"""One replica of a toy service as an operating system process: ``python -m tests.runtime.serve_toy NAME``.

TOY_DIE_AT_PUBLISH=1 kills it (SIGKILL to itself) at its first publish: after commit, before anything is out.
TOY_CLOCK_AHEAD=S sets its machine's clock S real seconds ahead of all others.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence

import uvloop

from shared.runtime import serve
from shared.runtime.kafka import KafkaLog
from shared.runtime.log import Outgoing
from shared.runtime.settings import Settings
from shared.runtime.structured_logs import configure
from tests.runtime.members import MEMBERS
from tests.runtime.toy import SERVICES


class DyingLog(KafkaLog):
    """Kafka as it is, up to the moment the process dies."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    if os.environ.get("TOY_DIE_AT_PUBLISH"):
        serve.KafkaLog = DyingLog
    if ahead := float(os.environ.get("TOY_CLOCK_AHEAD", "0")):
        true = time.time
        time.time = lambda: true() + ahead
    configure(sys.argv[1])
    replica = serve.Replica({**SERVICES, MEMBERS.name: MEMBERS}[sys.argv[1]], Settings())
    uvloop.run(replica.run())
    if replica.failure is not None:
        sys.stderr.write(f"{replica.failure}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
