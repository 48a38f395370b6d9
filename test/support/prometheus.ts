/** A real Prometheus on loopback, which scrapes a service and evaluates rules. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { lacksTool } from "./peers/tools.ts"
import { fileOf } from "./peers/tools.ts"
import { freePorts } from "./freePorts.ts"
import { until } from "./servers.ts"

export const noPrometheus = lacksTool("prometheus", "prometheus", "prometheus")

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

export interface Prometheus extends AsyncDisposable {
  /** One path of its API; the answer's `data`. Fails with its error. */
  readonly api: (path: string, query?: Readonly<Record<string, string>>) => Promise<any>
  readonly query: (expr: string) => Promise<ReadonlyArray<Sample>>
}

/** Scrapes `target` and evaluates `rules` every 200 ms. */
export async function prometheus(target: string, rules: string): Promise<Prometheus> {
  const [port = 0] = await freePorts(1)
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-prometheus-"))
  const every = "200ms"
  const config = {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: ["rules.yaml"],
    scrape_configs: [{ job_name: "fairlead", static_configs: [{ targets: [target] }] }]
  }
  fs.writeFileSync(path.join(directory, "rules.yaml"), rules)
  fs.writeFileSync(path.join(directory, "prometheus.yml"), JSON.stringify(config))
  const child = spawn(fileOf("prometheus") as string, [
    `--config.file=${path.join(directory, "prometheus.yml")}`,
    `--storage.tsdb.path=${path.join(directory, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`
  ], { stdio: ["ignore", "ignore", "pipe"] })
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text))
  const ended = once(child, "close")
  const api = async (name: string, query: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${name}?${new URLSearchParams(query)}`)
    const { status, data, error } = await answer.json() as { status: string; data: unknown; error?: string }
    if (status !== "success") throw new Error(`Prometheus: ${error}`)
    return data
  }
  await until(`Prometheus is ready: ${said}`, () => /Server is ready/.test(said) || child.exitCode !== null, 30_000)
  if (child.exitCode !== null) throw new Error(`Prometheus ended: ${said}`)
  return {
    api,
    query: async (expr) => ((await api("query", { query: expr })) as { result: ReadonlyArray<Sample> }).result,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM")
      await ended
      fs.rmSync(directory, { recursive: true, force: true })
    }
  }
}
