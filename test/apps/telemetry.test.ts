/** The keys of telemetry, through the whole program. */
import { assert, describe, it } from "vitest"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { fakeCollector } from "../support/telemetry.ts"

/** Runs the program with these telemetry keys, one client through it, and `use` while it runs. */
const withRun = <A>(telemetry: string, use: (admin: string) => Promise<A>, env: Readonly<Record<string, string>> = {}) =>
  inScratch(async (directory) => {
    const server = await named("good")
    const [admin] = await freePorts(1)
    const more = `telemetry: ${telemetry}\nadmin: { listen: "127.0.0.1:${admin}" }`
    const running = start(["run", "--config", writeConfig(directory, { candidates: [server.port], more })], { env })
    await until("it listens", () => portOf(running) !== undefined)
    assert.strictEqual(await ask(portOf(running) as number), "good")
    const result = await use(`http://127.0.0.1:${admin}`)
    running.kill("SIGTERM")
    const { code, stderr } = await running.ended
    await server.stop()
    assert.strictEqual(code, 0, stderr)
    return { result, stderr }
  })

describe("the key telemetry", () => {
  it.each([[true, 200], [false, 404]])("metrics: %s answers /metrics with %i", async (metrics, status) => {
    const { result } = await withRun(`{ metrics: ${metrics} }`, async (admin) => {
      const response = await fetch(`${admin}/metrics`)
      return { status: response.status, type: response.headers.get("content-type"), text: await response.text() }
    })
    assert.strictEqual(result.status, status)
    if (!metrics) return
    assert.include(result.type ?? "", "text/plain")
    assert.include(result.text, "# TYPE fairlead_connections_total counter\n")
    assert.include(result.text, 'service_name="fairlead"')
  })

  it.each([[1, true], [0, false]])("otlp.sampleRatio: %d sends traces: %s", async (ratio, isTraced) => {
    const collector = await fakeCollector()
    await withRun(`{ otlp: { endpoint: "${collector.url}", sampleRatio: ${ratio} } }`, async () => {})
    assert.strictEqual(collector.spans().some(({ name }) => name === "fairlead.connection"), isTraced)
    await collector.stop()
  })

  it("otlp headers that a collector repeats in its answer are masked in the log", async () => {
    const secret = "Bearer hunter2-hunter2"
    const collector = await fakeCollector((response) => response.writeHead(400, `what is ${secret}`).end("no"))
    const env = { OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(secret)}` }
    const { stderr } = await withRun(`{ otlp: { endpoint: "${collector.url}" } }`, async () => {}, env)
    assert.strictEqual(collector.headers()[0]?.["authorization"], secret)
    assert.match(stderr, /telemetry was dropped.*what is \*\*\*/)
    assert.notInclude(stderr, secret)
    await collector.stop()
  })

  it("otlp to a collector that never answers does not keep the program from exiting with 0", async () => {
    const collector = await fakeCollector(() => {})
    const { stderr } = await withRun(`{ otlp: { endpoint: "${collector.url}" } }`, async () => {})
    assert.include(stderr, "telemetry was dropped")
    await collector.stop()
  })
})
