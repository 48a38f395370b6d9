/** The examples, run as programs against local servers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { example } from "../support/command.ts"
import { serving } from "../support/relaying.ts"

describe("examples/embed.ts", () => {
  it.live("sends a line to the best of two addresses and prints the costs of both", () =>
    Effect.gen(function* () {
      const echo = () => serving((socket) => void socket.pipe(socket))
      const servers = [yield* echo(), yield* echo()]
      const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
      const { code, stdout, stderr } = yield* Effect.promise(() => example("embed.ts", addresses))
      assert.deepStrictEqual([code, stderr], [0, ""])
      const lines = stdout.trim().split("\n")
      assert.includeMembers(lines, ["fact IpPoolPreheatStarted echo", "fact SelectionMoved echo", "answer hello"])
      const shown = lines.filter((line) => / cost [\d.]+ ms/.test(line))
      assert.sameMembers(shown.map((line) => line.split(" ")[1]), addresses)
      assert.isTrue(shown.some((line) => line.endsWith(", active")))
    }).pipe(Effect.scoped))
})
