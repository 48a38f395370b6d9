/** Runs the command line of this process. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import process from "node:process"
import { runMain } from "../adapters/node/runMain.ts"
import { UPSTREAMS } from "../adapters/soak/orders.ts"
import { serveUpstreams } from "../adapters/soak/upstreamsProcess.ts"
import { cli } from "./cli.ts"
import { codeOf } from "./exit.ts"

export function program(): void {
  const [command, plan = ""] = process.argv.slice(2)
  // `fairlead soak` starts its upstreams so.
  if (command === UPSTREAMS) return void serveUpstreams(plan)
  runMain(Effect.provide(cli(process.argv.slice(2)), NodeServices.layer), codeOf)
}
