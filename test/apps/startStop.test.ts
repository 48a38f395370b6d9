/** Instances that start and stop leave nothing behind, and the process ends by itself. */
import { assert, describe, it } from "@effect/vitest"
import process from "node:process"
import { here, inScratch, program } from "../support/command.ts"
import type { Report } from "../support/startStop.ts"

const ROUNDS = process.env["FAIRLEAD_DEEP"] === undefined ? 10 : 100
const flags = here === "deno" ? ["--v8-flags=--expose-gc"] : ["--expose-gc", "--no-warnings"]

const leaveNothing = () =>
  inScratch(async (directory) => {
    const { code, stdout, stderr } = await program("startStop.ts", [directory, "10", `${ROUNDS}`], { flags }).ended
    assert.deepStrictEqual([code, stderr], [0, ""])
    const { before, after, fibers, least }: Report = JSON.parse(stdout)
    assert.deepStrictEqual(after, before)
    assert.strictEqual(after.resources, least)
    assert.strictEqual(fibers, here === "node" ? 0 : null)
  })

describe("ten instances in one process", () => {
  it(`start and stop ${ROUNDS} times, leave nothing open, and the process ends by itself`, leaveNothing, 120_000)
})
