/**
 * The whole chain: a client, Fairlead, and a real OpenTelemetry Collector with `otel-collector.yaml` as shipped. Runs where
 * deploy/collector/build.sh has built one; where REQUIRE names `collector`, its absence is a failure.
 */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { assert, describe, it } from "vitest"
import { lacks } from "../support/able.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"
import type { Span } from "../support/telemetry.ts"
import { freePorts } from "../support/freePorts.ts"
import { endNs, spansOf, startNs } from "../support/telemetry.ts"

const binary = spawnSync("sh", ["deploy/collector/build.sh", "--where"], { encoding: "utf8" }).stdout.trim()
const isBuilt = binary !== "" && fs.existsSync(binary)
const title = isBuilt ? "a real collector" : "a real collector (skipped: deploy/collector/build.sh has not built one here)"

/** What the file exporter wrote, one document a line. */
function documents(file: string): ReadonlyArray<any> {
  if (!fs.existsSync(file)) return []
  return fs.readFileSync(file, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line))
}

const metricNames = (file: string): ReadonlySet<string> =>
  new Set(
    documents(file).flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.flatMap(({ scopeMetrics }: any) =>
        scopeMetrics.flatMap(({ metrics }: any) => metrics.map((m: any) => m.name))
      )
    )
  )

describe.skipIf(lacks("collector", isBuilt ? "" : "no collector was built here"))(title, () => {
  it("gets a client's trace with its children, and scrapes the metrics", () =>
    inScratch(async (directory) => {
      const [http, grpc, admin] = await freePorts(3)
      const file = path.join(directory, "telemetry.json")
      const collector = spawn(binary, ["--config", "otel-collector.yaml"], {
        env: {
          ...process.env,
          OTLP_HTTP_PORT: `${http}`,
          OTLP_GRPC_PORT: `${grpc}`,
          FAIRLEAD_ADMIN: `127.0.0.1:${admin}`,
          FAIRLEAD_SCRAPE_INTERVAL: "200ms",
          FAIRLEAD_TELEMETRY_FILE: file
        },
        stdio: ["ignore", "ignore", "pipe"]
      })
      let said = ""
      collector.stderr.setEncoding("utf8").on("data", (text) => (said += text))
      const gone = new Promise((resolve) => collector.once("close", resolve))
      const server = await named("good")
      try {
        await until("the collector is ready", () => said.includes("Everything is ready"), 20_000)
        const more = `telemetry: { otlp: { endpoint: "http://127.0.0.1:${http}" } }\nadmin: { listen: "127.0.0.1:${admin}" }`
        const running = start(["run", "--config", writeConfig(directory, { candidates: [server.port], more })])
        await until("it listens", () => portOf(running) !== undefined)
        assert.strictEqual(await ask(portOf(running) as number), "good")
        await until("the scrape arrived", () => metricNames(file).has("fairlead_connections_total"))
        running.kill("SIGTERM")
        assert.strictEqual((await running.ended).code, 0)
        const spans = () => documents(file).flatMap((document) => spansOf(document))
        const isRoot = ({ name }: Span) => name === "fairlead.connection"
        await until("the trace arrived", () => spans().some(isRoot))
        const found = spans()
        const [root, ...others] = found.filter(isRoot) as [Span, ...Array<Span>]
        assert.lengthOf(others, 0)
        const children = found.filter(({ parentSpanId }) => parentSpanId === root.spanId)
        const warm = root.attributes["fairlead.warm"] === true
        assert.deepEqual(
          children.map(({ name }) => name).toSorted(),
          warm ? ["fairlead.relay"] : ["fairlead.dial", "fairlead.relay"]
        )
        for (const child of children) {
          assert.strictEqual(child.traceId, root.traceId)
          assert.isTrue(startNs(root) <= startNs(child) && endNs(child) <= endNs(root))
        }
        const whole = children.reduce((sum, child) => sum + (endNs(child) - startNs(child)), 0n)
        assert.isTrue(whole <= endNs(root) - startNs(root), "dial and relay follow each other within the connection")
        assert.strictEqual(root.attributes["fairlead.outcome"], "done")
        assert.includeMembers(found.map(({ name }) => name), ["fairlead.probe", "fairlead.evaluate"])
        const names = metricNames(file)
        for (const name of ["fairlead_pool_warm", "fairlead_connect_seconds", "ip_pool_latency_ms"]) {
          assert.isTrue(names.has(name), name)
        }
        assert.notInclude(fs.readFileSync(file, "utf8"), `127.0.0.1:${server.port}`)
      } finally {
        collector.kill("SIGTERM")
        await Promise.all([gone, server.stop()])
      }
    }), 60_000)
})
