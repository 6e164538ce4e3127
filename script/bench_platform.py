"""A platform that answers at once, in a process of its own: whatever is measured against it is not the platform's.

It knows nothing and refuses nothing: every call is answered as if it had gone well. It keeps what it was sent, and at
`TASK_IDS` tells the task id of each message, as often as it came. Prints its port.
"""

import asyncio
import itertools
import json
import sys

NUMBERS = itertools.count(1)
#: Where the bench asks; no address of the platform.
TASK_IDS = "bench/task_ids"
SEND = b"/message/send?"
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: list[bytes]) -> None:
    """Answer the requests of one connection, until its client ends it."""
    while head := await _head(reader):
        length = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        given = await reader.readexactly(int(length[0]) if length else 0)
        where = head.partition(b"\r\n")[0]
        if SEND in where:
            sent.append(given)
        body = _task_ids(sent) if TASK_IDS.encode() in where else _gone_well()
        writer.write(HEAD.format(len(body)).encode() + body)
    writer.close()


def _gone_well() -> bytes:
    number = next(NUMBERS)
    return b'{"errcode":0,"errmsg":"ok","access_token":"bench","expires_in":7200,"msgid":"bench-%d"}' % number


def _task_ids(sent: list[bytes]) -> bytes:
    # Read only now: while it is measured, the stub does no more than it must.
    return json.dumps([json.loads(body)["template_card"]["task_id"] for body in sent]).encode()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def serve() -> None:
    """Serve on a free port of this machine until the process is ended."""
    sent: list[bytes] = []
    server = await asyncio.start_server(lambda reader, writer: answer(reader, writer, sent), "127.0.0.1", 0)
    print(f"platform: http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve()))
