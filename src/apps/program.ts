/** Runs the command line of this process. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import process from "node:process"
import { runMain } from "../adapters/node/runMain.ts"
import { cli } from "./cli.ts"
import { codeOf } from "./exit.ts"

export function program(): void {
  runMain(Effect.provide(cli(process.argv.slice(2)), NodeServices.layer), codeOf)
}
