/** The edge by an unmodified `@connectrpc/connect-web`, in each protocol that it speaks. */

import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { AggregatorService } from "../gen/touchpoint/aggregator/v1/aggregator_service_pb";
import { Channel_Value } from "../gen/touchpoint/common/v1/vocabulary_pb";
import { type Checks, equal } from "./check";

const WHO = [{ kind: "customer", value: "C1" }];
const BANNER = { identities: WHO, channel: Channel_Value.WEB, placements: [{ placement: "web.home.banner" }] };

function spoken(baseUrl: string): Record<string, Transport> {
  return {
    "Connect with JSON": createConnectTransport({ baseUrl }),
    "Connect with proto": createConnectTransport({ baseUrl, useBinaryFormat: true }),
    "gRPC-Web with proto": createGrpcWebTransport({ baseUrl }),
    "gRPC-Web with JSON": createGrpcWebTransport({ baseUrl, useBinaryFormat: false }),
  };
}

type Client = ReturnType<typeof createClient<typeof AggregatorService>>;

const each: Record<string, (client: Client) => Promise<void>> = {
  async "asks what to show"(client) {
    const answer = await client.recommend({ ...BANNER, preview: true }, { timeoutMs: 900 });
    equal(answer.placements[0]!.recommendations.length, 2);
    equal(answer.placements[0]!.recommendations[0]!.offerId, "pc-1");
  },
  async "is told of every field that is wrong"(client) {
    const error = await client.recommend({ channel: Channel_Value.WEB }).then(
      () => { throw new Error("no error"); }, ConnectError.from);
    equal(error.code, Code.InvalidArgument);
    equal(error.details.length, 2);
    equal(error.rawMessage.includes("identities"), true);
    equal(Boolean(error.metadata.get("x-request-id")), true);
  },
  async "reads a stream as it comes, and leaves it"(client) {
    const left = new AbortController();
    const found: string[] = [];
    try {
      for await (const { task } of client.watchTasks({ agentId: "a1" }, { signal: left.signal })) {
        found.push(task!.taskId);
        if (found.length === 2) left.abort();
      }
    } catch (error) {
      equal(ConnectError.from(error).code, Code.Canceled);
    }
    equal(found, ["t0", "t1"]);
  },
  async "ends a stream at its deadline"(client) {
    const late = async () => {
      for await (const _ of client.watchTasks({ agentId: "a1" }, { timeoutMs: 200 }));
    };
    const error = await late().then(() => { throw new Error("no end"); }, ConnectError.from);
    equal(error.code, Code.DeadlineExceeded);
  },
};

export function checks(edge: string): Checks {
  const found: Checks = {};
  for (const [protocol, transport] of Object.entries(spoken(edge)))
    for (const [name, check] of Object.entries(each))
      found[`${protocol}: ${name}`] = () => check(createClient(AggregatorService, transport));
  return found;
}
