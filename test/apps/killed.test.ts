/** kill -9 under load, with default settings. bench:kill does the same at 200 random moments. */
import { assert, it } from "vitest"
import { withServers } from "../../bench/kill/lives.ts"
import { command, here, inScratch } from "../support/command.ts"

/** Round trips in ms that a busy machine does not confuse. */
const FAR_APART = { far: 300, best: 5, middle: 150 }

// One runtime is enough for npm test: bench:kill runs on both.
it.skipIf(here === "deno")(
  "kill -9 at three moments under load leaves clean starts, a record that verifies, and after two seconds the best address first",
  () =>
    inScratch((directory) =>
      withServers(directory, async (fresh) => {
        const { live, record } = fresh("state")
        const young = await live({ after: "start", ms: 250 })
        const first = await live({ after: "answer", ms: 2_000 })
        const second = await live({ after: "answer", ms: 50 })
        for (const { said, failed } of [young, first, second]) assert.deepStrictEqual([said, failed], ["", 0])
        assert.includeMembers([...first.history], ["best", "middle", "far"])
        assert.isAbove(first.answered, 0)
        assert.strictEqual(second.first, "best")
        const { code, stdout, stderr } = await command(["replay", record])
        assert.strictEqual(code, 0, stdout + stderr)
      }, FAR_APART)
    ),
  60_000
)
