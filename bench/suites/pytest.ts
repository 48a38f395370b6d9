/** Runs the suite of one project in a Python environment of its own, directly or through the proxy port. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import type { Results } from "./junit.ts"
import { readJunit } from "./junit.ts"
import type { Suite } from "./suites.ts"

/** How the suite's clients connect. */
export type Way =
  /** As the suite says. */
  | "direct"
  /** Proxy variables name the port when a test begins (late_variables.py), and no name goes without it. */
  | "variables"
  /** Debian's proxychains4 takes every connection of the process through the port, by SOCKS5. */
  | "sockets"

const LONGEST_MS = 45 * 60_000

export class Workplace {
  readonly #folder: string
  readonly #suite: Suite

  constructor(folder: string, suite: Suite) {
    this.#folder = path.join(folder, suite.name)
    this.#suite = suite
  }

  /** Makes the environment and unpacks the source distribution, unless an earlier run did. */
  prepare(): void {
    const { name, version, needs } = this.#suite
    const done = path.join(this.#folder, "ready")
    const wanted = JSON.stringify(this.#suite)
    if (fs.existsSync(done) && fs.readFileSync(done, "utf8") === wanted) return
    fs.mkdirSync(this.#folder, { recursive: true })
    this.#run("python3", ["-m", "venv", "venv"])
    const pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    this.#run(this.#python, [...pip, "install", "--no-warn-script-location", `${name}==${version}`, ...needs])
    this.#run(this.#python, [...pip, "download", "--no-deps", "--no-binary", name, "--dest", ".", `${name}==${version}`])
    this.#run("tar", ["-xzf", `${name}-${version}.tar.gz`])
    // The tests import what pip installed, which may have compiled parts, and not the source beside them.
    for (const source of [name, `src/${name}`]) {
      fs.rmSync(path.join(this.#source, source), { recursive: true, force: true })
    }
    fs.writeFileSync(done, wanted)
  }

  /** `only`: the names of tests, in place of the suite's files. */
  run(way: Way, proxy: string, only?: ReadonlyArray<string>): Results {
    const report = path.join(this.#folder, `${way}.xml`)
    fs.rmSync(report, { force: true })
    const files = this.#suite.tests
    const chosen = only === undefined ? [] : ["-k", only.map(keyword).join(" or ")]
    const plugin = way === "variables" ? ["-p", "late_variables"] : []
    const pytest = ["-m", "pytest", "-q", "-p", "no:randomly", ...plugin, `--junitxml=${report}`, ...files, ...chosen]
    const [command, ...args] = way === "sockets"
      ? ["proxychains4", "-q", "-f", this.#chains(proxy), this.#python, ...pytest]
      : [this.#python, ...pytest]
    const log = fs.openSync(path.join(this.#folder, `${way}.log`), "w")
    spawnSync(command as string, args, {
      cwd: this.#source,
      env: { ...environment(), ...(way === "variables" ? variables(proxy) : {}) },
      stdio: ["ignore", log, log],
      timeout: LONGEST_MS
    })
    fs.closeSync(log)
    if (!fs.existsSync(report)) throw new Error(`no report of ${this.#suite.name} ${way}: see ${this.#folder}/${way}.log`)
    return readJunit(fs.readFileSync(report, "utf8"))
  }

  get #python(): string {
    return path.join(this.#folder, "venv/bin/python")
  }

  get #source(): string {
    return path.join(this.#folder, `${this.#suite.name}-${this.#suite.version}`)
  }

  #chains(proxy: string): string {
    const file = path.join(this.#folder, "proxychains.conf")
    fs.writeFileSync(file, `strict_chain\ntcp_connect_time_out 12000\n[ProxyList]\nsocks5 ${proxy.replace(":", " ")}\n`)
    return file
  }

  #run(command: string, args: ReadonlyArray<string>): void {
    const { status, stderr, error } = spawnSync(command, args, { cwd: this.#folder, encoding: "utf8" })
    if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`)
  }
}

/** The part of a test's id that `-k` takes: its function, without parameters. */
const keyword = (id: string) => id.slice(id.lastIndexOf("::") + 2).replace(/\[.*/s, "")

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy$/i.test(name)))
}

const HERE = path.dirname(fileURLToPath(import.meta.url))

const variables = (proxy: string) => ({ FAIRLEAD_SUITES_URL: `http://${proxy}`, PYTHONPATH: HERE })
