/** All upstreams fail: the running service auto-disables, reports that, and an operator ends it early. */
import { assert, describe, it } from "vitest"
import { request } from "../support/admin.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { seriesOf } from "../support/telemetry.ts"

/** Polls until `holds` is true. */
async function becomes(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + 20_000
  while (!await holds()) {
    if (performance.now() > giveUp) throw new Error(`still not true: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe("a service with dead upstreams alone", () => {
  it(
    "auto-disables after autoDisable.failures rounds, until an operator enables it",
    () =>
      inScratch(async (directory) => {
        const [web, api] = [await named("web"), await named("api")]
        const [admin = 0] = await freePorts(1)
        const more = `admin: { listen: "127.0.0.1:${admin}" }
autoDisable: { failures: 3, cooldown: 1h }
upstreams: { web: { candidates: ["127.0.0.1:${web.port}"] }, api: { candidates: ["127.0.0.1:${api.port}"] } }`
        const running = start(["run", "--config", writeConfig(directory, { candidates: [], more })])
        await until("it listens", () => portOf(running) !== undefined)
        const status = async () => JSON.parse((await request(admin, "/status")).body)
        const states = async () => (await status()).upstreams.map(({ state }: { readonly state: string }) => state).join()
        await becomes("both serve", async () => await states() === "active,active")
        await web.stop()
        await api.stop()
        await becomes("it is off", async () => (await status()).autoDisabledUntil !== null)
        assert.deepInclude(await status(), { enabled: false, override: null, outage: null })
        assert.strictEqual(await states(), "disabled,disabled")
        const series = seriesOf((await request(admin, "/metrics")).body)
        assert.strictEqual(series.get("fairlead_auto_disabled"), 1)
        assert.strictEqual(series.get("fairlead_local_outage"), 0)
        const back = [await named("web", web.port), await named("api", api.port)]
        const { status: code } = await request(admin, "/enabled", { method: "PUT", body: JSON.stringify({ enabled: true }) })
        assert.strictEqual(code, 200)
        await becomes("it is on", async () => await states() === "active,active")
        assert.deepInclude(await status(), { enabled: true, override: true, autoDisabledUntil: null })
        for (const server of back) await server.stop()
        running.kill("SIGTERM")
        const { stderr } = await running.ended
        assert.match(stderr, /auto-disabled.*fact=IpPoolAutoDisable.*rounds=3/)
        assert.match(stderr, /auto-disable over.*reason=operator/)
      }),
    60_000
  )
})
