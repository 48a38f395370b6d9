/** Files of a running service: other users of the machine cannot read them, whatever its umask is. */
import { assert, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"

it.skipIf(process.platform === "win32")(
  "record, history, their locks and the log are for their owner alone",
  () =>
    inScratch(async (directory) => {
      const good = await named("good")
      const state = path.join(directory, "state")
      const at = (name: string) => path.join(state, name)
      const history = at("history.json")
      const more = `history: { path: ${JSON.stringify(history)} }\nlog: { output: ${JSON.stringify(at("fairlead.log"))} }`
      const running = start(["run", "--config", writeConfig(directory, { candidates: [good.port], log: at("log"), more })], {
        by: ["sh", "-c", 'umask 0; exec "$@"', "sh"]
      })
      const text = () => fs.existsSync(at("fairlead.log")) ? fs.readFileSync(at("fairlead.log"), "utf8") : ""
      const port = () => portOf({ stderr: text })
      await until("it listens", () => port() !== undefined, 20_000)
      assert.strictEqual(await ask(port() as number), "good")
      await until("the history is written", () => fs.existsSync(history))
      const open = (fs.readdirSync(state, { recursive: true }) as Array<string>)
        .filter((name) => !name.endsWith(".sock") && (fs.statSync(at(name)).mode & 0o077) !== 0)
      const names = fs.readdirSync(state, { recursive: true })
      running.kill("SIGTERM")
      assert.strictEqual((await running.ended).code, 0)
      await good.stop()
      assert.includeMembers(names as Array<string>, ["fairlead.log", "history.json", "log", "log/00000001.ndjson"])
      assert.deepStrictEqual([open, fs.statSync(state).mode & 0o077], [[], 0])
    }),
  60_000
)
