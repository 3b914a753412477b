"""An example of a plug-in: proposes what the editors picked, for the category that is in view.

    pip install touchpoint-client
    python editors_picks.py picks.csv --listen 127.0.0.1:7601
    TOUCHPOINT_EXTERNAL_SOURCES=editors=127.0.0.1:7601 touchpoint up

The file has the columns offer_id, category (empty: everywhere) and sentence.
"""

import argparse
import asyncio
import csv

import grpc.aio

from touchpoint.retrieval.v1.candidate_source_service_pb2 import ProposeResponse
from touchpoint.retrieval.v1.candidate_source_service_pb2_grpc import (
    CandidateSourceServiceServicer,
    add_CandidateSourceServiceServicer_to_server,
)


class EditorsPicks(CandidateSourceServiceServicer):
    """Proposes rows of a file, the first the strongest."""

    def __init__(self, rows):
        """Take rows with offer_id, category and sentence."""
        self._rows = rows

    async def Propose(self, request, context):  # noqa: N802 the name of the rpc
        """Return the picks of the category in view, and those for everywhere."""
        attributes = request.context.attributes
        category = attributes["category"] if "category" in attributes else ""  # noqa: SIM401 no dict
        picks = [row for row in self._rows if category.startswith(row["category"])]
        response = ProposeResponse()
        for rank, row in enumerate(picks[: request.limit]):
            response.proposals.add(
                offer_id=row["offer_id"], score=0.95**rank, evidence_text=row["sentence"]
            )
        return response


async def serve(rows, listen):
    """Start a server and return it with its port."""
    server = grpc.aio.server()
    add_CandidateSourceServiceServicer_to_server(EditorsPicks(rows), server)
    port = server.add_insecure_port(listen)
    await server.start()
    return server, port


def main():
    """Read the file and serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--listen", default="127.0.0.1:7601")
    given = parser.parse_args()
    with open(given.file, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    asyncio.run(run(rows, given.listen))


async def run(rows, listen):
    """Serve until interrupted."""
    server, port = await serve(rows, listen)
    print(f"{len(rows)} picks proposed on port {port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    main()
