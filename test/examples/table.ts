/** Each file of examples/ as one row: what it needs, and what it prints. */
import type { RuntimeName } from "../support/command.ts"
import type { ExampleServer, Serve } from "./servers.ts"
import { noPostgres } from "../support/services/postgres.ts"
import { pinOf } from "../support/stagedServers.ts"
import { noWorkerd } from "../support/workerd.ts"
import { localhost } from "./certificates.ts"
import { database, echo, nothing, secureWeb, web } from "./servers.ts"

export interface Example {
  /** The file in examples/. */
  readonly file: string
  /** The packages of this checkout that it imports, besides fairlead. */
  readonly packages: ReadonlyArray<string>
  /** Default: both. */
  readonly runtimes?: ReadonlyArray<RuntimeName>
  readonly servers: ReadonlyArray<Serve>
  /** true: this machine lacks what the example needs, and has said so. */
  readonly isMissing?: boolean
  /** It is a worker: it runs in workerd with its addresses as a binding, and its output is what it answers to this path. */
  readonly path?: string
  /** Its arguments; by default the addresses of the servers. */
  readonly args?: (servers: ReadonlyArray<ExampleServer>) => ReadonlyArray<string>
  /** Each of these matches its output. Lines are matched with the flag `m`. */
  readonly prints: ReadonlyArray<RegExp>
}

/** The URL of the server by the name in its certificate, and its address. */
const page = (protocol: string) => ([server]: ReadonlyArray<ExampleServer>) => [
  `${protocol}://localhost:${server?.port}/`,
  "127.0.0.1"
]

export const EXAMPLES: ReadonlyArray<Example> = [
  {
    file: "embed.ts",
    packages: ["effect"],
    servers: [echo, echo],
    prints: [
      /^fact IpPoolPreheatStarted echo$/m,
      /^fact SelectionMoved echo$/m,
      /^answer hello$/m,
      /^echo#1 127\.0\.0\.1:\d+ cost [\d.]+ ms/m,
      /^echo#2 127\.0\.0\.1:\d+ cost [\d.]+ ms/m,
      /, active$/m
    ]
  },
  {
    file: "layer.ts",
    packages: ["effect"],
    servers: [echo, echo],
    prints: [/^echo#[12] answered hello$/m]
  },
  {
    file: "promises.ts",
    packages: ["effect"],
    servers: [echo, echo],
    prints: [/^echo#[12] answered hello, connected in [\d.]+ ms$/m]
  },
  {
    file: "undici.ts",
    packages: ["effect", "undici"],
    servers: [secureWeb],
    args: page("https"),
    prints: [/^200 GET \/ answered\n from api#1$/m]
  },
  {
    file: "https-get.ts",
    packages: ["effect"],
    servers: [secureWeb],
    args: page("https"),
    prints: [/^200 GET \/ answered\n from api#1$/m]
  },
  {
    file: "http-client.ts",
    packages: ["effect", "undici"],
    servers: [web],
    args: page("http"),
    prints: [/^200 GET \/ answered\n from api#1$/m]
  },
  {
    file: "staged-tls.ts",
    packages: ["effect"],
    servers: [secureWeb],
    args: ([server]) => ["localhost", pinOf(localhost), server?.address ?? ""],
    prints: [/^stage real answered HTTP\/1\.1 200 OK$/m]
  },
  {
    file: "pg.ts",
    packages: ["effect", "pg"],
    isMissing: noPostgres,
    servers: [nothing, database],
    prints: [/^the sum is 2$/m]
  },
  {
    file: "workerd.mjs",
    packages: ["effect"],
    isMissing: noWorkerd,
    servers: [nothing, echo],
    path: "/rank/api",
    prints: [/"state":"active","candidates":\[\{"id":"api#2","address":"127\.0\.0\.1:\d+","costMs":[\d.]+,"active":true\}/]
  }
]
