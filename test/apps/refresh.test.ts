/** `fairlead refresh` and the service that it calls. */
import { assert, describe, it } from "vitest"
import { request } from "../support/admin.ts"
import { command, inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"

describe("fairlead refresh", () => {
  it("makes the running service measure again, and says what is wrong when it cannot", () =>
    inScratch(async (directory) => {
      const good = await named("good")
      const [admin = 0] = await freePorts(1)
      const web = `{ candidates: ["127.0.0.1:${good.port}"], probing: { interval: 1h } }`
      const more = `admin: { listen: "127.0.0.1:${admin}", token: quite-a-secret }\nupstreams: { web: ${web} }`
      const file = writeConfig(directory, { candidates: [good.port], more })
      const refused = await command(["refresh", "--config", file])
      assert.strictEqual(refused.code, 1)
      assert.include(refused.stderr, `no service answers on the admin port 127.0.0.1:${admin}`)

      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined, 20_000)
      const probes = async () => {
        const { body } = await request(admin, "/metrics", { headers: { authorization: "Bearer quite-a-secret" } })
        return Number(/fairlead_probe_total\{[^}]*result="ok"\} (\d+)/.exec(body)?.[1] ?? 0)
      }
      const before = await probes()
      const one = await command(["refresh", "web", "--config", file])
      assert.strictEqual(one.code, 0, one.stderr)
      assert.strictEqual(one.stdout, "the service resolves and measures anew: web\n")
      let now = before
      for (let tries = 0; tries < 100 && now === before; tries++) now = await probes()
      assert.isAbove(now, before)

      assert.strictEqual((await command(["refresh", "--config", file])).code, 0)
      const other = await command(["refresh", "webb", "--config", file])
      assert.strictEqual(other.code, 1)
      assert.include(other.stderr, 'there is no upstream "webb"')
      assert.notInclude(other.stderr, "quite-a-secret")
      running.kill("SIGTERM")
      assert.strictEqual((await running.ended).code, 0)
      await good.stop()
    }), 60_000)
})
